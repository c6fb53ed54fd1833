"""The console's views of data in a browser: rows as users, SQL, users, mail, files, frames."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.console.conftest import Tab
from tests.support.recorded_stack import RecordedStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def users(recorded: RecordedStack) -> Iterator[dict[str, str]]:
    """Two users by email, each with a note whose id is the user's email."""
    key = recorded.stack.settings.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    found: dict[str, str] = {}
    for _ in range(2):
        email = f"{uuid4().hex[:10]}@example.com"
        body = {"email": email, "password": "long enough", "email_confirm": True}
        user = recorded.client.post("/auth/v1/admin/users", json=body, headers=headers).json()
        note = {"id": email, "owner": user["id"]}
        recorded.client.post("/rest/v1/notes", json=note, headers=headers).raise_for_status()
        found[email] = user["id"]
    yield found
    recorded.client.delete("/rest/v1/notes?id=neq.none", headers=headers).raise_for_status()


def test_rows_are_seen_as_users_added_changed_and_deleted(tab: Tab, users: dict[str, str]) -> None:
    first, second = users
    page = tab.open(f"/tables/public/notes?role=authenticated&sub={users[first]}")
    rows = page.get_by_role("region", name="Rows")
    expect(rows).to_contain_text(first)
    expect(rows).not_to_contain_text(second)
    expect(page.get_by_role("region", name="Policies that applied")).to_contain_text("own")

    page = tab.open("/tables/public/notes")
    expect(rows).to_contain_text(second)
    page.get_by_role("button", name="Add a row").click()
    page.get_by_label("id · text").fill("a new note")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(rows).to_contain_text("a new note")
    page.get_by_label("Search in all columns").fill("a new")
    expect(rows).not_to_contain_text(second)
    assert "q=a+new" in page.url
    page.get_by_role("button", name="Open").first.click()
    page.get_by_label("id · text").fill("a changed note")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No rows", exact=True)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_label("Search in all columns").fill("")
    expect(rows).to_contain_text("a changed note")
    page.get_by_label("Value").fill("a changed note")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(rows).not_to_contain_text(second)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert Path(download.value.path()).read_text() == "id,owner\na changed note,\n"
    page.get_by_role("button", name="Open").first.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No rows", exact=True)).to_be_visible()


def test_statements_as_users_leave_no_trace(tab: Tab, users: dict[str, str]) -> None:
    first, _ = users
    page = tab.open(f"/sql?role=authenticated&sub={users[first]}&query=update notes set id = 'x'")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("UPDATE 1 · 1 rows")
    expect(page.get_by_role("status")).to_contain_text("rolled back")
    expect(page.get_by_text("Rolled back: no row was changed.")).to_be_visible()
    expect(page.get_by_role("region", name="Policies that applied")).to_contain_text("own")

    page = tab.open("/sql?query=select id, '<img src=x onerror=fail()>' as html from notes")
    page.get_by_role("button", name="Run", exact=True).click()
    result = page.get_by_role("region", name="Result")
    expect(result).to_contain_text(first)
    expect(result).to_contain_text("<img src=x")
    page.get_by_role("button", name="Explain", exact=True).click()
    expect(page.get_by_role("region", name="plan")).to_contain_text("Seq Scan on public.notes")
    page = tab.open("/sql?query=select nothing")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text('column "nothing" does not exist')
    page.get_by_role("button", name="History").click()
    page.get_by_role("menuitem", name="update notes").first.click()
    expect(page.locator(".cm-content")).to_contain_text("update notes")


def test_users_sign_in_are_banned_and_get_mail(
    tab: Tab, users: dict[str, str], recorded: RecordedStack
) -> None:
    email = next(iter(users))
    key = recorded.stack.settings.anon_key
    recorded.client.post(
        "/auth/v1/recover", json={"email": email}, headers={"apikey": key}
    ).raise_for_status()

    page = tab.open("/users")
    page.get_by_label("Email, phone or id").fill(email[:10])
    page.get_by_role("link", name=email).click()
    page.get_by_role("button", name="Sign in as").click()
    expect(page.get_by_text("Access token, valid for ten minutes")).to_be_visible()
    page.get_by_role("button", name="Ban").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Ban").click()
    expect(page.get_by_role("button", name="Lift the ban")).to_be_visible()

    page = tab.open(f"/mail?q={email}")
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_role("link", name="/auth/v1/verify")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_be_visible()
    page = tab.open("/audit")
    expect(page.get_by_role("region", name="Audit")).to_contain_text("user.token")


def test_files_are_uploaded_shown_and_deleted(tab: Tab, tmp_path: Path) -> None:
    name = f"b-{uuid4().hex[:8]}"
    picture = tmp_path / "a picture.png"
    picture.write_bytes(_PNG)
    page = tab.open("/storage")
    page.get_by_role("button", name="Create a bucket").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("h1")).to_have_text(name)
    policies = page.get_by_role("link", name="Policies")
    expect(policies).to_have_attribute("href", "/console/tables/storage/objects")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(8_000_000))  # in two parts, the first of which breaks off once
    broken: list[str] = []

    def break_off(route: Route) -> None:
        is_first = route.request.method == "PATCH" and not broken
        if is_first:
            broken.append(route.request.url)
        _ = route.abort() if is_first else route.continue_()

    page.route("**/console/upload/storage/*", break_off)
    page.locator("input[type=file]").set_input_files(large)
    files = page.get_by_role("region", name="Files")
    expect(files).to_contain_text("large.bin")
    expect(page.get_by_text("8.0 MB stored")).to_be_visible()
    assert (len(broken), len(tab.faults)) == (1, 1)
    assert "ERR_FAILED" in tab.faults.pop()
    page.locator("input[type=file]").set_input_files(picture)
    expect(files).to_contain_text("a picture.png")
    page.get_by_role("button", name="Open").first.click()
    expect(page.get_by_role("img", name="a picture.png")).to_have_js_property("naturalWidth", 1)
    page.get_by_role("button", name="Signed link").click()
    expect(page.get_by_text("/object/sign/")).to_be_visible()
    page.get_by_label("Move to").fill("folder/b.png")
    page.get_by_role("button", name="Move").click()
    page.get_by_role("link", name="folder").click()
    expect(files).to_contain_text("b.png")
    page.get_by_role("button", name="Delete the bucket").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Storage")


def test_a_name_that_is_taken_is_reported_without_further_attempts(
    tab: Tab, recorded: RecordedStack, tmp_path: Path
) -> None:
    name = f"b-{uuid4().hex[:8]}"
    key = recorded.stack.settings.service_role_key
    headers = {"authorization": f"Bearer {key}"}
    picture = tmp_path / f"{'a long name ' * 6}.png"
    picture.write_bytes(_PNG)
    body = {"id": name, "name": name}
    recorded.client.post("/storage/v1/bucket", json=body, headers=headers).raise_for_status()
    path = f"/storage/v1/object/{name}/{picture.name}"
    recorded.client.post(path, content=_PNG, headers=headers).raise_for_status()
    page = tab.open(f"/storage/{name}")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("input[type=file]").set_input_files(picture)

    expect(page.get_by_role("alert")).to_have_text("The resource already exists")
    (refusal,) = tab.faults
    assert "409" in refusal
    tab.faults.clear()
    shown = page.locator(".uploader li .break").first.bounding_box()
    assert shown
    assert shown["width"] > 300


def test_frames_faults_and_settings(tab: Tab) -> None:
    page = tab.open("/realtime")
    page.get_by_role("button", name="Listen", exact=True).click()
    frames = page.get_by_role("region", name="Frames")
    expect(frames).to_contain_text("phx_reply")
    page.get_by_role("button", name="Send a broadcast").click()
    expect(frames).to_contain_text("hello")
    channel = page.get_by_role("region", name="Channels").get_by_role("row", name="room-1")
    expect(channel).to_contain_text("1 broadcast")
    expect(channel.locator(".cell-number").nth(2)).to_have_text(re.compile(r"^\d"))

    page = tab.open("/providers")
    page.get_by_role("button", name="Inject a fault into OpenAI").click()
    expect(page.get_by_role("region", name="Faults of OpenAI")).to_contain_text("529")
    page.get_by_role("button", name="Clear faults and counts").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Clear").click()
    expect(page.get_by_role("region", name="Faults of OpenAI")).to_have_count(0)
    page = tab.open("/settings")
    expect(page.get_by_text("Days kept of what failed")).to_be_visible()
    page.get_by_role("button", name="Show the secret keys").click()
    expect(page.get_by_text("sb_secret_")).to_be_visible()
    page = tab.open("/schedules")
    expect(page.get_by_text("Nothing is scheduled")).to_be_visible()
