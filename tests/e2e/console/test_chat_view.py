"""The chat in the console: a call is added, analysed, asked about, and still there afterwards."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.conftest import RunningStack
from tests.e2e.console.conftest import Tab, find_serious
from tests.support.chat_server import ChatServer, chat_server
from tests.support.paths import ROOT
from tests.support.recordings import make_recording

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SAMPLE = ROOT / "samples/objection_call.vtt"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **price** [link](javascript:alert(1))"


@pytest.fixture(scope="module")
def chat(
    _stack: RunningStack, in_memory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChatServer]:
    """A backend with sessions of its own, which the stack names as its process."""
    project = (_stack.url, _stack.service_role_key, _stack.dsn)
    url = f"sqlite://{tmp_path_factory.mktemp('chat')}/chat.db"
    lock = in_memory / "stack/lock"
    before = lock.read_text()
    with chat_server(*project, CHAT_DATABASE_URL=url) as server:
        name_process(lock, server)
        yield server
    lock.write_text(before)


def name_process(lock: Path, server: ChatServer) -> None:
    """Let the stack describe the backend as it does a process that it has started."""
    port = int(server.url.rpartition(":")[2])
    described = {"name": "chat", "state": "ready", "pid": server.pid, "port": port, "restarts": 0}
    lock.write_text(
        json.dumps(json.loads(lock.read_text()) | {"PROCESSES": json.dumps([described])})
    )


@pytest.fixture
def view(page: Page, chat: ChatServer) -> Page:
    """The chat, connected, with a new session."""
    page.goto("/console/chats")
    expect(page.get_by_text("Connected")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(answers(page)).to_have_count(0)
    return page


def answers(page: Page, status: str = "") -> Locator:
    return page.locator(f"article[data-status{f'={status}' if status else ''}]")


def ask(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.get_by_label("Message").press("Enter")


def add(page: Page, *files: Path) -> None:
    page.get_by_label("Add a transcript").set_input_files(files)
    expect(page.get_by_text(f"{files[0].stem} is here.")).to_be_visible()


def test_a_call_is_analysed_in_one_message_and_still_there_after_a_reload(
    view: Page, project_tab: Tab, picture_folder: Path
) -> None:
    add(view, SAMPLE)
    view.evaluate(
        "() => { window.seen = new Set(); new MutationObserver(() => document"
        ".querySelectorAll('article[data-status]').forEach((a) => seen.add("
        "`${a.dataset.status} ${a.querySelectorAll('h2').length}`)))"
        ".observe(document.querySelector('[role=log]'), {subtree: true, childList: true}); }"
    )
    ask(view, "@sales_prompt_extractor")
    expect(answers(view, "success")).to_have_count(1)
    expect(answers(view)).to_have_count(1)
    states = view.evaluate("[...seen]")
    assert states[0].startswith("progress")
    assert states[-1] == "success 4"  # sections of one message
    for heading in ("Analysis", "Structured Data", "Voice Prompt", "Training Data"):
        expect(answers(view).get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(answers(view).locator("ol").first).to_contain_text("Drawing training examples")
    expect(view.get_by_role("button", name="Send")).to_be_enabled()
    view.evaluate(Axe().axe_script)
    assert find_serious(project_tab) == []
    view.screenshot(path=picture_folder / "chat.png")

    view.reload()
    expect(answers(view, "success")).to_contain_text("Voice Prompt")
    entry = view.get_by_role("button", name="@sales_prompt_extractor", exact=True).first
    expect(entry).to_have_attribute("aria-current", "true")

    view.keyboard.press("Meta+k")
    expect(answers(view)).to_have_count(0)
    expect(view.get_by_label("Message")).to_be_focused()
    entry.click()
    expect(answers(view, "success")).to_contain_text("Voice Prompt")
    view.get_by_role("button", name="Delete @sales_prompt_extractor").first.click()
    view.get_by_role("button", name="Delete", exact=True).click()
    expect(answers(view)).to_have_count(0)


def test_what_is_found_is_shown_with_its_times_and_no_markup_of_others_runs(view: Page) -> None:
    add(view, SAMPLE)
    ask(view, f"What did the customer say about the price? {HOSTILE}")
    expect(answers(view, "success").locator("blockquote").first).to_be_visible()
    expect(answers(view).get_by_text(re.compile(r"^\d+:\d\d$")).first).to_be_visible()
    expect(view.locator("article img")).to_have_count(0)
    expect(view).to_have_title("Chat · Console")

    ask(view, "list calls")
    expect(answers(view, "success")).to_have_count(2)
    opened = answers(view).last.get_by_role("button", name="objection_call").first
    was = opened.get_attribute("aria-pressed")
    opened.click()
    expect(opened).to_have_attribute("aria-pressed", "false" if was == "true" else "true")


def test_markdown_becomes_few_elements(view: Page, tmp_path: Path) -> None:
    call = tmp_path / f"hostile_{uuid4().hex[:6]}.txt"
    call.write_text(
        f"Ann: {HOSTILE} <style>* {{display: none}}</style> <form><input></form>\n"
        'Bob: [a](https://a.example) <b onclick="x()" style="x">b</b> <iframe src="/"></iframe>\n'
    )
    add(view, call)
    ask(view, "@transcription")
    text = answers(view, "success").locator(".chat-text")
    expect(text.get_by_role("heading", name="Transcript")).to_be_visible()
    expect(text.locator("strong")).to_have_text("price")
    expect(text.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    expect(text.get_by_role("link")).to_have_attribute("href", "https://a.example")
    html = text.inner_html()
    for part in ("<img", "onerror", "javascript:", "<style", "<form", "<input", "<iframe", "onc"):
        assert part not in html, html


def test_a_session_is_its_users(page: Page, chat: ChatServer, stack: RunningStack) -> None:
    user_id, token = stack.create_user()
    page.goto(f"/console/chats?user={user_id}")
    expect(page.get_by_text("Connected")).to_be_visible()
    ask(page, "help")
    expect(answers(page, "success")).to_have_count(1)
    with chat.http(token) as http:
        (session,) = http.get("/session").json()
    with chat.http() as http:
        assert http.get(f"/session/{session['session_id']}").status_code == 404
    page.goto(f"/console/chats?session={session['session_id']}")
    expect(page.get_by_text("Connected")).to_be_visible()
    expect(page.get_by_label("Message")).to_be_visible()
    expect(answers(page)).to_have_count(0)


def test_with_sign_in_required_a_user_is_chosen(
    page: Page, chat: ChatServer, stack: RunningStack, in_memory: Path, tmp_path: Path
) -> None:
    users = [stack.create_user()[0] for _ in range(2)]
    call = tmp_path / f"private_{uuid4().hex[:6]}.vtt"
    call.write_bytes(SAMPLE.read_bytes())
    project = (stack.url, stack.service_role_key, stack.dsn)
    more = {"CHAT_DATABASE_URL": f"sqlite://{tmp_path}/chat.db", "CHAT_REQUIRE_AUTH": "1"}
    with chat_server(*project, **more) as server:
        name_process(in_memory / "stack/lock", server)
        page.goto("/console/chats")
        expect(page.get_by_text("choose a user above")).to_be_visible()
        expect(page.get_by_label("Message")).to_have_count(0)
        choose(page, users[0])
        add(page, call)
        ask(page, "@transcription")
        expect(answers(page, "success")).to_contain_text("price")
        page.reload()
        expect(page.get_by_text("Connected")).to_be_visible()
        expect(answers(page, "success")).to_contain_text("price")
        calls = page.get_by_role("list", name="Calls")
        expect(calls.get_by_text(call.stem)).to_be_visible()

        choose(page, users[1])
        expect(calls.get_by_text("None yet")).to_be_visible()
        expect(answers(page)).to_have_count(0)
        ask(page, "help")
        expect(answers(page, "success")).to_have_count(1)
    name_process(in_memory / "stack/lock", chat)


def choose(page: Page, user_id: str) -> None:
    """Act as a user."""
    page.get_by_label("As").click()
    page.get_by_role("option", name=f"{user_id}@example.com").click()
    page.wait_for_url(f"**user={user_id}*")
    expect(page.get_by_text("Connected")).to_be_visible()


def test_another_tab_shows_what_comes_in_its_session(view: Page) -> None:
    ask(view, "help")
    expect(answers(view, "success")).to_have_count(1)
    other = view.context.new_page()
    other.goto(view.url)
    expect(other.get_by_text("Connected")).to_be_visible()
    expect(answers(other, "success")).to_have_count(1)
    ask(view, "list calls")
    expect(answers(other, "success")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(view: Page, project_tab: Tab, scheme: Literal["light", "dark"]) -> None:
    view.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ask(view, "@poet write")
    expect(answers(view, "error")).to_have_count(1)
    ask(view, "list calls")
    expect(answers(view, "success")).to_have_count(1)
    view.evaluate(Axe().axe_script)
    assert find_serious(project_tab) == []


def test_what_failed_is_tried_again(view: Page) -> None:
    ask(view, "@poet write")
    expect(answers(view, "error")).to_contain_text("There is no agent @poet")
    view.get_by_role("button", name="Try again").click()
    expect(answers(view, "error")).to_have_count(2)


def test_a_text_that_is_too_long_stays_in_the_field(view: Page) -> None:
    ask(view, "Ж" * 400_000)
    expect(view.get_by_role("alert").get_by_text("at most 204,800 characters")).to_be_visible()
    expect(view.get_by_role("button", name="Send")).to_be_disabled()
    ask(view, "help")
    expect(answers(view, "success")).to_have_count(1)
    expect(view.get_by_role("log").locator("article")).to_have_count(2)


def test_a_recording_that_is_dropped_is_transcribed_and_played(view: Page) -> None:
    sound = list(make_recording("mp3", 14))
    view.evaluate(
        "() => new MutationObserver(() => { window.bar ||= !!document.querySelector('progress'); })"
        ".observe(document.querySelector('.chat-drop'), {subtree: true, childList: true})"
    )
    view.evaluate(
        "(bytes) => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], 'monday.mp3'));"
        " document.body.dispatchEvent("
        "new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data})); }",
        sound,
    )
    answer = answers(view, "success")
    expect(answer).to_contain_text("Ann: Good morning, this is Ann from Acme.")
    expect(answer.locator("ol")).to_contain_text("Transcribing from 0:00 of 0:14")
    assert view.evaluate("window.bar")
    view.get_by_role("button", name="Play monday").click()
    player = view.locator("audio")
    expect(player).to_have_attribute("src", re.compile("^/storage/v1/object/sign/recordings/"))
    view.wait_for_function("player => player.duration > 13", arg=player.element_handle())


def test_a_file_that_cannot_be_read_is_named(view: Page, project_tab: Tab, tmp_path: Path) -> None:
    wrong = tmp_path / "broken.json"
    wrong.write_text("{")
    view.get_by_label("Add a transcript").set_input_files(wrong)
    expect(view.get_by_role("alert").get_by_text("broken")).to_be_visible()
    assert [fault for fault in project_tab.faults if "400" not in fault] == []
    project_tab.faults.clear()  # a browser writes down each answer that is an error


def test_on_a_phone_nothing_is_wider_than_the_screen(view: Page, picture_folder: Path) -> None:
    view.set_viewport_size({"width": 390, "height": 844})
    view.reload()
    expect(view.get_by_label("Message")).to_be_visible()
    view.screenshot(path=picture_folder / "chat-phone.png")
    wide = view.evaluate(
        "[...document.querySelectorAll('#content *')]"
        ".filter((each) => each.getBoundingClientRect().right > innerWidth)"
        ".map((each) => `${each.tagName} ${each.className}`)"
    )
    assert wide == []
    assert view.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_connects_again_and_sends_what_was_written_meanwhile(
    page: Page, chat: ChatServer, stack: RunningStack, in_memory: Path, tmp_path: Path
) -> None:
    project = (stack.url, stack.service_role_key, stack.dsn)
    database_url = f"sqlite://{tmp_path}/chat.db"
    with chat_server(*project, CHAT_DATABASE_URL=database_url) as server:
        name_process(in_memory / "stack/lock", server)
        page.goto("/console/chats")
        ask(page, "help")
        expect(answers(page, "success")).to_have_count(1)
        os.kill(server.pid, signal.SIGKILL)
        expect(page.get_by_text("Trying again")).to_be_visible()
    ask(page, "list calls")
    expect(page.get_by_text("Sending…")).to_be_visible()
    port = server.url.rpartition(":")[2]
    with chat_server(*project, CHAT_DATABASE_URL=database_url, PORT=port):
        expect(page.get_by_text("Connected")).to_be_visible()
        expect(answers(page, "success")).to_have_count(2)
        expect(page.get_by_role("log").locator("article")).to_have_count(4)
    name_process(in_memory / "stack/lock", chat)
