"""This project's own pages: a list of contacts, a deck and a prompt of one's own, by hand."""

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pptx import Presentation

from tests.conftest import RunningStack
from tests.e2e.console.conftest import Tab, find_serious
from tests.support.waiting import wait_for

_PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def email(stack: RunningStack) -> str:
    """A user who has signed up."""
    address = f"{uuid4()}@example.com"
    with stack.client() as client:
        body = {"email": address, "password": "correct horse"}
        client.post("/auth/v1/signup", json=body).raise_for_status()
    return address


def test_a_list_of_contacts_becomes_a_campaign_whose_calls_are_followed(
    page: Page, stack: RunningStack, tmp_path: Path
) -> None:
    contacts = tmp_path / "harbour.csv"
    contacts.write_text(
        "Full name,Phone,Opt out\nAnn,205 555 0191,no\nBob,212 555 0144,yes\nX,12,\n"
    )
    page.goto("/console/campaigns")
    page.locator("input[type=file]").set_input_files(contacts)
    expect(page.get_by_text("1 of 3 rows would be imported")).to_be_visible()
    expect(page.get_by_text("Line 4:")).to_be_visible()

    page.get_by_text("Call at any hour").click()
    page.get_by_role("button", name="Create with 1 contacts").click()
    page.wait_for_url("**/console/campaigns/*")
    expect(page.get_by_role("heading", name="harbour")).to_be_visible()
    postpone(stack, page.url.rpartition("/")[2])
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Call those who wait now").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Call", exact=True).click()
    pace = page.locator(".figure", has_text="Calls in the last minute")
    expect(pace.locator(".figure-value")).to_have_text("1")
    page.get_by_role("table", name="Calls").get_by_role("link").first.click()

    expect(page.get_by_role("heading", name="+12055550191")).to_be_visible()
    expect(page.get_by_role("link", name="See and replay them")).to_have_attribute(
        "href", re.compile(r"/console/requests\?function=retell-webhook&q=call_\w+")
    )
    wait_for_latency(stack, page.url.rpartition("/")[2])
    page.reload()
    for part in ("Whole answer", "Language model", "Text to speech"):
        row = page.get_by_role("table", name="Latency").get_by_role("row", name=part)
        expect(row.get_by_role("cell", name=re.compile(r"^[0-9.]+ m?s$"))).to_have_count(2)
    page.go_back()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save these rows as CSV").first.click()
    assert "+12055550191" in download.value.path().read_text()
    page.get_by_role("link", name="public.campaign_contacts").click()
    expect(page.get_by_role("region", name="Rows")).to_contain_text("+12055550191")
    page.go_back()
    if (cancel := page.get_by_role("button", name="Cancel", exact=True)).is_visible():
        cancel.click()
        page.get_by_role("button", name="Cancel the campaign").click()


def postpone(stack: RunningStack, campaign_id: str) -> None:
    """Let the contacts of a campaign wait until tomorrow."""
    later = "update public.campaign_contacts set next_attempt_at = now() + interval '1 day'"
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(f"{later} where campaign_id = %s", (campaign_id,))


def wait_for_latency(stack: RunningStack, call_id: str) -> None:
    """Wait until the call's end has been reported."""
    stored = "select from public.calls where id = %s and latency is not null"
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        wait_for(lambda: connection.execute(stored, (call_id,)).fetchone() is not None)


def choose_user(page: Page, email: str) -> None:
    page.get_by_label("For").click()
    page.get_by_role("option", name=email).click()


def write_presentation(path: Path) -> None:
    presentation: Any = Presentation()
    for title, text in (("Why boats", "They float"), ("Prices", "From 10 euros")):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    presentation.save(str(path))


@pytest.mark.parametrize("name", ["boats.md", "boats.pptx"])
def test_a_deck_becomes_a_talk_track(page: Page, email: str, tmp_path: Path, name: str) -> None:
    deck = tmp_path / name
    if name.endswith(".pptx"):
        write_presentation(deck)
    else:
        deck.write_text("# Why boats\n\n- They float\n\n# Prices\n\n- From 10 euros\n")
    page.goto("/console/tracks")
    choose_user(page, email)
    page.locator("input[type=file]").set_input_files(deck)

    page.wait_for_url("**/console/tracks/*")
    expect(page.get_by_role("region", name="Script")).to_contain_text("Slide 2: Prices")
    page.get_by_role("link", name="public.talk_tracks").click()
    expect(page.get_by_role("region", name="Rows")).to_contain_text("Prices")


def test_a_prompt_becomes_a_job_that_can_be_cancelled(page: Page, email: str) -> None:
    page.goto("/console/jobs")
    queue = page.get_by_role("table", name="Queues").get_by_role("row").filter(has_text="wan_queue")
    queue.get_by_role("button", name="Pause").click()
    expect(queue).to_contain_text("paused")
    queue.get_by_role("button", name="Resume").click()
    expect(queue).to_contain_text("running")
    choose_user(page, email)
    page.get_by_label("Prompt").fill("A red lighthouse in a storm")
    page.get_by_role("button", name="Queue it").click()

    page.wait_for_url("**/console/jobs/*")
    expect(page.get_by_text("queued", exact=True)).to_be_visible()
    priority = page.locator("dt", has_text="Priority").locator("+ dd")
    expect(priority).to_have_text("0")
    page.get_by_role("button", name="Sooner").click()
    expect(priority).to_have_text("1")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
    page.goto("/console/audit")
    audit = page.get_by_role("region", name="Audit")
    expect(audit).to_contain_text("/functions/v1/queue-job")
    expect(audit.get_by_role("row").filter(has_text="rest.patch").first).to_contain_text("/jobs")
    page.go_back()
    before = page.url
    page.get_by_role("button", name="Draw it again").click()
    expect(page).not_to_have_url(before)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible()


_FAIL: Final = """
insert into public.jobs (user_id, job_type, format, quality, queue_name, transport, payload,
  status, error_message, completed_at)
select %s, 'sdxl_image_fast', 'image', 'fast', 'sdxl_queue', 'pgmq', '{"prompt": "a boat"}',
  'failed', 'The worker was lost.', now() from generate_series(1, 500)"""


@pytest.fixture
def failed_jobs(stack: RunningStack) -> Iterator[str]:
    """500 jobs of a user that have failed; what is queued of them is cancelled afterwards."""
    user_id, _ = stack.create_user()
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("set local session_replication_role = replica")  # they are just there
        connection.execute(_FAIL, (user_id,))
    yield user_id
    with psycopg.connect(stack.dsn) as connection:
        cancel = "update public.jobs set status = 'cancelled' where user_id = %s and status = %s"
        connection.execute(cancel, (user_id, "queued"))
        connection.execute("delete from public.jobs where user_id = %s", (user_id,))


def test_home_counts_what_failed_and_workers_are_asked(
    page: Page, stack: RunningStack, failed_jobs: str
) -> None:
    page.goto("/console/")
    page.get_by_role("link", name=re.compile(r"\d+ media jobs have failed")).click()
    expect(page.get_by_role("table", name="Jobs")).to_contain_text("The worker was lost.")
    page.goto("/console/workers")
    page.get_by_role("button", name="Ask them now").click()
    expect(page.get_by_text(re.compile(r"\d+ of \d+ are healthy"))).to_be_visible()


def test_failed_jobs_are_retried_together_until_it_is_stopped(
    page: Page, stack: RunningStack, failed_jobs: str
) -> None:
    page.goto("/console/jobs?status=failed")
    page.get_by_role("button", name="Retry all that failed").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text(re.compile(r"Queue \d+ failed jobs again"))
    question.get_by_role("button", name="Retry").click()
    progress = page.get_by_role("dialog").filter(has_text="Jobs are queued")
    expect(progress).to_contain_text(re.compile(r"\d+ of \d+, 0 refused"))
    progress.get_by_role("button", name="Stop").click()

    expect(page.get_by_text(re.compile(r"Stopped after \d+ of \d+"))).to_be_visible()
    with psycopg.connect(stack.dsn) as connection:
        count = "select status, count(*) from public.jobs where user_id = %s group by 1"
        found = dict(connection.execute(count, (failed_jobs,)).fetchall())
    assert found["queued"] > 0
    assert found["failed"] > 0
    assert sum(found.values()) == 500


_WAIT: Final = """
insert into public.jobs (user_id, original_prompt, job_type, format, quality, queue_name,
  transport, payload)
values (%s, %s, 'sdxl_image_fast', 'image', 'fast', 'sdxl_queue', 'pgmq', '{}')"""


def test_jobs_that_wait_are_cancelled_together(page: Page, stack: RunningStack) -> None:
    """Only those that the filter finds."""
    user_id, _ = stack.create_user()
    mark = f"lighthouse {user_id[:8]}"
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("set local session_replication_role = replica")  # they are just there
        for prompt in (f"A {mark}", f"Another {mark}", f"A boat, not a light {user_id[:8]}"):
            connection.execute(_WAIT, (user_id, prompt))
    page.goto("/console/jobs")
    page.get_by_label("Words or an error").fill(mark)
    page.wait_for_url("**q=lighthouse**")
    page.get_by_role("button", name="Cancel all that wait").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Cancel 2 jobs that wait")
    question.get_by_role("button", name="Cancel them").click()

    expect(page.get_by_text("2 jobs are cancelled.")).to_be_visible()
    with psycopg.connect(stack.dsn) as connection:
        read = "select status from public.jobs where user_id = %s order by original_prompt like %s"
        found = connection.execute(read, (user_id, f"%{mark}")).fetchall()
        connection.execute("delete from public.jobs where user_id = %s", (user_id,))
    assert [status for (status,) in found] == ["queued", "cancelled", "cancelled"]


_PAGES: Final = (
    *("campaigns", "calls", "tracks", "jobs", "media", "workers", "chats", "training"),
)


def test_every_page_fits_a_phone_and_is_accessible(
    project_tab: Tab, stack: RunningStack, email: str
) -> None:
    """Of this project; the addresses of its users have 48 characters."""
    page = project_tab.page
    faults: dict[str, list[str]] = {}
    for path in _PAGES:
        page.set_viewport_size({"width": 390, "height": 844})
        page.emulate_media(color_scheme="light")
        page.goto(f"/console/{path}")
        expect(page.locator("h1")).to_be_visible()
        expect(page.get_by_role("button").last).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1280, "height": 720})
        expect(page.get_by_role("navigation", name="Console")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        page.evaluate(Axe().axe_script)
        found = find_serious(project_tab)
        page.emulate_media(color_scheme="dark")
        expect(page.locator("body")).to_have_class(re.compile("body--dark"))
        found += find_serious(project_tab, runOnly=["color-contrast"])
        if found or width > 390:
            faults[path] = [f"{width} wide", *found]

    assert faults == {}


def add_picture(stack: RunningStack, prompt: str) -> None:
    """Store a picture in a user's library."""
    user_id, _ = stack.create_user()
    path = f"{user_id}/one.png"
    row = {
        "user_id": user_id,
        "asset_type": "image",
        "mime_type": "image/png",
        "storage_path": path,
        "file_size_bytes": len(_PIXEL),
        "original_prompt": prompt,
        "model_used": "none",
    }
    with stack.client() as client:
        kind = {"content-type": "image/png"}
        url = f"/storage/v1/object/user-library/{path}"
        client.post(url, content=_PIXEL, headers=kind).raise_for_status()
        client.post("/rest/v1/user_library", json=row).raise_for_status()


def test_the_library_shows_its_pictures_whatever_their_prompts_are(
    page: Page, stack: RunningStack
) -> None:
    prompt = f'A "palette\\knife" {uuid4()} \\'
    add_picture(stack, prompt)
    page.goto("/console/media")

    picture = page.get_by_role("img", name=prompt)
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
    figure = page.get_by_role("figure").filter(has=picture)
    with page.expect_download() as download:
        figure.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == _PIXEL
    figure.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(picture).to_have_count(0)
    with stack.client() as client:
        left = client.get("/rest/v1/user_library", params={"original_prompt": f"eq.{prompt}"})
    assert left.json() == []
