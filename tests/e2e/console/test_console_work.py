"""What a person does in the console: sees a failure at once, opens it, replays it, by keyboard."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console.conftest import Tab
from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import PATIENCE_MS, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def fail(recorded: RecordedStack, slug: str = "picky", **body: object) -> str:
    """Let a function fail; return the request's id once it is stored."""
    answer = recorded.call(slug, json=body or {"value": -1})
    assert answer.status_code >= 400
    request_id = answer.headers["sb-request-id"]
    recorded.show(request_id)
    return request_id


def row(page: Page, request_id: str):
    return page.locator(f"[data-key='{request_id}']")


def test_a_failing_call_appears_without_a_reload(tab: Tab, recorded: RecordedStack) -> None:
    page = tab.open("/requests?status=error")
    fine = recorded.call("echo", json={}).headers["sb-request-id"]
    failed = fail(recorded)

    expect(row(page, failed)).to_contain_text("422")
    expect(row(page, failed)).to_contain_text("-1 is negative")
    expect(row(page, fine)).to_have_count(0)


def test_home_counts_a_new_kind_of_error_without_a_reload(
    tab: Tab, recorded: RecordedStack
) -> None:
    page = tab.open("/")
    failed = fail(recorded, slug=f"missing-{uuid4().hex[:8]}")
    errors = page.get_by_role("region", name="Errors")

    expect(errors.locator(f"a[href$='{failed}']")).to_be_visible()


def test_home_shows_what_the_projects_pages_watch(tab: Tab) -> None:
    page = tab.open("/")
    page.get_by_role("link", name="Two boats leak").click()

    expect(page.locator("h1")).to_have_text("The project's own board")


def test_paused_rows_wait_behind_a_bar(tab: Tab, recorded: RecordedStack) -> None:
    page = tab.open("/requests")
    page.get_by_role("button", name="Pause the list").click()
    failed = fail(recorded)

    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    expect(row(page, failed)).to_have_count(0)
    page.get_by_role("button", name="1 new").click()
    expect(row(page, failed)).to_be_visible()


def test_back_keeps_filter_page_and_place(tab: Tab, recorded: RecordedStack) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: recorded.call("echo", json={"n": n}), range(120)))
    last = recorded.call("echo", json={"n": "last"}).headers["sb-request-id"]
    recorded.show(last)
    page = tab.open("/requests")
    page.get_by_role("combobox", name="Function").click()
    page.get_by_role("option", name="echo").click()
    page.wait_for_url("**/requests?function=echo")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url(re.compile(r"function=echo&cursor="))
    expect(page.locator("tbody tr")).to_have_count(50)
    address = page.url
    link = page.locator("tbody tr a[data-row]").nth(40)
    link.scroll_into_view_if_needed()
    wanted = page.evaluate("scrollY")
    assert wanted > 0
    chosen = link.get_attribute("href")
    link.click()
    page.wait_for_url(f"**{chosen}")
    expect(page.locator("h1")).to_contain_text("POST")

    page.go_back()

    assert page.url == address
    expect(page.locator("tbody tr")).to_have_count(50)
    page.wait_for_function("wanted => Math.abs(scrollY - wanted) < 80", arg=wanted)
    expect(page.get_by_role("combobox", name="Function")).to_have_value("echo")


def test_a_replay_with_another_body_is_linked(tab: Tab, recorded: RecordedStack) -> None:
    failed = fail(recorded, value=-5)
    page = tab.open(f"/requests/{failed}")
    expect(page.get_by_text("-5 is negative").first).to_be_visible()
    page.get_by_label("Body", exact=True).fill('{"value": 5}')
    page.get_by_role("button", name="Replay", exact=True).click()

    expect(page.locator(".diff-new").first).to_be_visible()
    page.get_by_role("link", name="Open the new request").click()
    expect(page.get_by_text(failed)).to_be_visible()
    (again,) = recorded.show(failed)["replays"]
    assert page.url.endswith(again)
    assert json.loads(recorded.show(again)["response"]["body"])["value"] == 5
    assert recorded.show(again)["replay_of"] == failed


def test_a_request_shows_the_cost_of_its_calls(tab: Tab, recorded: RecordedStack) -> None:
    answer = recorded.call("models", json={})
    request_id = answer.headers["sb-request-id"]
    wait_for(lambda: len((recorded.show(request_id)["usage"] or {"calls": []})["calls"]) == 3)
    page = tab.open(f"/requests/{request_id}")

    claude = page.get_by_role("row").filter(has_text="$").filter(has_text="claude-x-1")
    expect(claude).to_contain_text("(computed)")
    expect(page.get_by_role("row").filter(has_text="cost unknown")).to_contain_text("house-model")
    expect(page.get_by_text(re.compile(r"^Sum of 3 calls: \d+ input and .* \$"))).to_be_visible()
    expect(page.get_by_text('[recording.prices] "house-model" =')).to_be_visible()


def test_a_bulk_replay_shows_its_progress_and_is_aborted(tab: Tab, recorded: RecordedStack) -> None:
    for body in ("quick 1", "quick 2", "slow 1", "slow 2"):
        recorded.show(recorded.call("again", json={"a": body}).headers["sb-request-id"])
    page = tab.open("/requests?function=again")
    page.get_by_role("button", name="Replay all").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("function = again")
    question.get_by_role("button", name="Replay").click()

    progress = page.get_by_role("dialog").filter(has_text="In progress")
    expect(progress).to_contain_text("2 of 4, 0 failed: running")
    progress.get_by_role("button", name="Abort").click()
    expect(progress).to_contain_text("2 of 4, 0 failed: aborted")
    progress.get_by_role("button", name="Close").click()
    expect(progress).to_have_count(0)


def test_by_keyboard_alone(tab: Tab, recorded: RecordedStack) -> None:
    failed = fail(recorded, value=-77)
    page = tab.open("/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("dialog").get_by_label("Search pages")
    expect(field).to_be_focused()
    field.press_sequentially("requests")
    expect(page.get_by_role("dialog").get_by_role("link").first).to_have_text(
        re.compile("Requests")
    )
    field.press("Enter")
    page.wait_for_url("**/console/requests**")
    expect(page.locator("h1")).to_have_text("Requests")
    expect(row(page, failed)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(failed)
    page.wait_for_url(f"**q={failed}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{failed}")
    page.get_by_role("button", name="Replay", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Open the new request")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/console/errors")


def test_j_and_k_move_through_a_list(tab: Tab, recorded: RecordedStack) -> None:
    first, second = fail(recorded), fail(recorded)
    page = tab.open("/requests?function=picky")
    expect(row(page, first)).to_be_visible()
    for key, expected in (("j", second), ("j", first), ("k", second)):
        page.keyboard.press(key)
        expect(row(page, expected).locator("a[data-row]")).to_be_focused()


def test_a_filtered_list_is_exported(tab: Tab, recorded: RecordedStack) -> None:
    failed = fail(recorded)
    page = tab.open(f"/requests?q={failed}")
    expect(row(page, failed)).to_be_visible()
    texts: dict[str, str] = {}
    for kind in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        texts[kind] = download.value.path().read_text()

    assert [each["id"] for each in json.loads(texts["JSON"])] == [failed]
    header, line = texts["CSV"].strip().splitlines()
    assert "status" in header
    assert failed in line


def test_a_function_is_called_with_a_body_and_a_role(tab: Tab) -> None:
    page = tab.open("/functions/picky")
    page.get_by_label("Body", exact=True).fill('{"value": 3}')
    page.get_by_role("button", name="Call", exact=True).click()

    expect(page.locator("[data-status]")).to_have_text("200")
    expect(page.get_by_role("region", name="Answer")).to_contain_text('"value": 3')
    page.get_by_role("button", name="Copy as").click()
    page.get_by_text("curl").click()
    expect(page.get_by_text("Copied as curl")).to_be_visible()


def test_a_function_is_reloaded(tab: Tab) -> None:
    page = tab.open("/functions/picky")
    page.get_by_role("button", name="Reload").click()

    expect(page.get_by_text("Reloaded: its next request")).to_be_visible()


def test_a_streaming_answer_is_shown_as_it_comes(tab: Tab, recorded: RecordedStack) -> None:
    page = tab.open("/functions/ticks")
    page.get_by_role("button", name="Call", exact=True).click()
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("one")
    expect(answer).not_to_contain_text("two")
    recorded.call("ticks", content=b"go").raise_for_status()

    expect(answer).to_contain_text("two")


def test_a_form_with_a_file_is_sent_and_saved(tab: Tab) -> None:
    page = tab.open("/functions/echo")
    page.get_by_role("button", name="Form with files").click()
    page.get_by_label("Field", exact=True).fill("title")
    page.get_by_label("Value", exact=True).fill("A photo")
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"what the file says"}
    page.locator("input[type=file]").set_input_files(file)  # pyright: ignore[reportArgumentType]
    expect(page.get_by_text("file: notes.txt")).to_be_visible()
    expect(page.locator(".q-uploader__file")).to_have_count(0)
    large = {**file, "name": "large.txt", "buffer": b"x" * ((8 << 20) - 10)}
    page.locator("input[type=file]").set_input_files(large)  # pyright: ignore[reportArgumentType]
    expect(page.get_by_text("at most 8 MB together")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("file: notes.txt")).to_have_count(0)
    page.locator("input[type=file]").set_input_files(file)  # pyright: ignore[reportArgumentType]
    expect(page.get_by_text("file: notes.txt")).to_be_visible()
    page.get_by_role("button", name="Call", exact=True).click()
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text('name="title"')
    expect(answer).to_contain_text("what the file says")
    page.get_by_role("button", name="Save …").click()
    page.get_by_role("dialog").get_by_label("Name").fill("with a photo")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page = tab.open("/functions/echo")
    page.get_by_role("combobox", name="Saved requests").click()
    page.get_by_role("option", name="with a photo").click()
    expect(page.get_by_label("Value", exact=True)).to_have_value("A photo")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("combobox", name="Saved requests")).to_have_count(0)


def test_hostile_text_is_only_text(tab: Tab, recorded: RecordedStack) -> None:
    answer = recorded.call(
        "echo", content=f"{HOSTILE}\x1b[31m\u202e".encode(), headers={"content-type": "text/html"}
    )
    request_id = answer.headers["sb-request-id"]
    recorded.show(request_id)
    path = f"/functions/v1/echo/{'<b>x</b>' * 20}"
    recorded.client.post(path, params={"q": HOSTILE}).raise_for_status()
    page = tab.open(f"/requests/{request_id}")
    expect(page.get_by_role("region", name="Answer body")).to_contain_text("<img src=x")
    expect(page.get_by_role("region", name="Answer body")).to_contain_text("[U+202E]")
    tab.open("/requests")
    tab.open("/logs")

    assert "owned" not in page.title()
    assert page.locator("img").count() == 0


def test_other_origins_cannot_reach_the_socket(recorded: RecordedStack) -> None:
    url = recorded.stack.settings.api_url
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    cookie = f"edge_console_{recorded.stack.settings.port}={recorded.stack.settings.console_token}"
    path = f"{url}/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    foreign = httpx.get(
        path, headers={**upgrade, "cookie": cookie, "origin": "http://evil.example"}
    )
    rebound = httpx.get(path, headers={**upgrade, "cookie": cookie, "host": "evil.example"})
    unknown = httpx.get(path, headers={**upgrade, "origin": url})

    assert [foreign.status_code, rebound.status_code, unknown.status_code] == [403, 403, 401]


def test_times_are_relative_local_or_utc(tab: Tab, recorded: RecordedStack) -> None:
    failed = fail(recorded)
    page = tab.open("/requests")
    time = row(page, failed).locator("time")
    expect(time).to_have_text(re.compile(r"ago|now"), timeout=PATIENCE_MS)
    page.get_by_role("button", name="Times:").click()
    expect(time).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    assert "UTC" in (time.get_attribute("title") or "")


def test_a_line_of_10_mb_is_cut_and_shown_on_request(tab: Tab, recorded: RecordedStack) -> None:
    request_id = recorded.call("loud").headers["sb-request-id"]
    recorded.show(request_id)
    wait_for(lambda: recorded.list("/logs", function="loud", q="onerror"))
    page = tab.open("/logs?function=loud&q=onerror")
    line = page.locator("tbody tr").first
    expect(line).to_contain_text("<img src=x")

    assert len(page.content()) < 1_000_000
    line.locator("summary").click()
    line.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("dialog").get_by_role("region", name="Text")).to_contain_text("<img")
    assert page.locator("img").count() == 0
