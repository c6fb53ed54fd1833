"""The chat backend as its users meet it: npm's socket.io-client, and the page in a real browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import RunningStack
from tests.e2e.conftest import Play
from tests.support.chat_server import ChatServer, chat_server
from tests.support.paths import ROOT
from tests.support.recordings import make_recording
from tests.support.waiting import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SAMPLE = ROOT / "samples/objection_call.vtt"


@pytest.fixture(scope="module")
def chat(_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    """A backend with sessions of its own."""
    url = f"sqlite://{tmp_path_factory.mktemp('chat')}/chat.db"
    project = (_stack.url, _stack.service_role_key, _stack.dsn)
    with chat_server(*project, CHAT_DATABASE_URL=url) as server:
        yield server


def test_socket_io_client_gets_what_the_real_client_needs(play: Play, chat: ChatServer) -> None:
    results = play("chat_scenarios.mjs", CHAT_URL=chat.url)
    transports = {kind: result["transport"] for kind, result in results.items()}
    assert transports == {"upgraded": "websocket", "polling": "polling", "websocket": "websocket"}
    for result in results.values():
        check_conversation(result)


def check_conversation(result: dict[str, Any]) -> None:
    assert all(value is True for value in result["check"]["body"].values())
    assert result["collections"]["body"]
    for name in ("videos", "audio", "images", "sessions", "agents"):
        assert isinstance(result[name]["body"], list), name
    given, outputs = result["message"], result["outputs"]
    assert {output["msg_id"] for output in outputs} == {outputs[0]["msg_id"]}
    assert {output["conv_id"] for output in outputs} == {given["conv_id"]}
    assert {output["session_id"] for output in outputs} == {given["session_id"]}
    assert (outputs[0]["status"], outputs[-1]["status"]) == ("progress", "success")
    conversation = result["session"]["body"]["conversation"]
    assert [each["msg_type"] for each in conversation] == ["input", "output"]
    assert result["removed"]["status"] == 200


@pytest.fixture
def page(chat: ChatServer) -> Iterator[Page]:
    """The chat page in Chromium; the test fails on any script error."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("No chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        expect.set_options(timeout=PATIENCE_MS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda text: broken.append(text.text) if text.type == "error" else None)
        page.goto(chat.url)
        yield page
        browser.close()
        assert broken == []


def test_a_call_is_added_analysed_and_still_there_after_a_reload(
    page: Page, pytestconfig: pytest.Config
) -> None:
    expect(page.get_by_text("Connected")).to_be_visible()
    page.get_by_label("Add a transcript").set_input_files(SAMPLE)
    expect(page.get_by_text("objection_call is here.")).to_be_visible()
    page.get_by_label("Message").fill("@sales_prompt_extractor")
    page.get_by_label("Message").press("Enter")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    answer = page.locator("article[data-status]")
    expect(answer).to_have_attribute("data-status", "success")
    for heading in ("Analysis", "Structured Data", "Voice Prompt", "Training Data"):
        expect(answer.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    assert pytestconfig.cache is not None
    page.screenshot(path=Path(pytestconfig.cache.mkdir("console")) / "chat.png")
    page.reload()
    expect(page.locator("article[data-status=success]")).to_contain_text("Voice Prompt")
    page.keyboard.press("Control+k")
    expect(page.locator("article")).to_have_count(0)
    page.get_by_role("button", name="objection_call").first.click()
    page.get_by_label("Message").fill("<img src=x onerror=alert(1)> <b>what</b> about the price?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("article[data-status=success]")).to_contain_text(re.compile("price"))
    page.get_by_role("button", name="@sales_prompt_extractor", exact=True).click()
    expect(page.locator("article[data-status=success]")).to_contain_text("Voice Prompt")


def test_a_recording_is_transcribed_on_the_page(page: Page, tmp_path: Path) -> None:
    recording = tmp_path / "monday.mp3"
    recording.write_bytes(make_recording("mp3", 14))
    expect(page.get_by_text("Connected")).to_be_visible()
    page.get_by_label("Add a transcript").set_input_files(recording)
    answer = page.locator("article[data-status=success]")
    expect(answer).to_contain_text("Ann: Good morning, this is Ann from Acme.")
    expect(answer.locator("ol.steps")).to_contain_text("Transcribing from 0:00 of 0:14")
    expect(page.get_by_role("button", name="monday")).to_be_visible()
