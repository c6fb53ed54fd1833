"""A small recorded project, its console in Chromium, and a page that fails on any script error."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.conftest import RunningStack
from tests.support.recorded_stack import RecordedStack, create_recorded_project, running_stack
from tests.support.waiting import PATIENCE_MS

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking"
    " --disable-component-update --disable-sync --no-first-run"
)
_PAGES = '''\
"""A page of the project."""

from nicegui import ui

from console import Failing, page, watch
from console.layout import heading


def register() -> None:
    @watch
    async def find():
        return [Failing("Two boats leak", "/console/board")]

    @page("/board", title="Board", icon="dashboard", group="Project")
    def board() -> None:
        heading("The project's own board")
        ui.label("Seven notes")
'''


_LOUD = '''\
"""Print a line of 10 MB, with markup in it."""


async def main(request):
    print("<img src=x onerror=alert(1)>" + "x" * 10_000_000)
    return {"printed": True}
'''


_SERIOUS = {"serious", "critical"}
_TICKS = '''\
"""Stream one event, and another once somebody says go."""

import asyncio

from starlette.responses import PlainTextResponse, StreamingResponse

_GO = asyncio.Event()


async def main(request):
    if await request.body() == b"go":
        _GO.set()
        return PlainTextResponse("gone")

    async def events():
        yield b"data: one\\n\\n"
        await _GO.wait()
        yield b"data: two\\n\\n"

    return StreamingResponse(events(), media_type="text/event-stream")
'''


@dataclass
class Tab:
    """A page of the console, and what went wrong on it."""

    page: Page
    faults: list[str] = field(default_factory=list[str])

    def open(self, path: str) -> Page:
        """Go to /console<path>, and wait for its heading."""
        self.page.goto(f"/console{path}")
        expect(self.page.locator("h1")).to_be_visible()
        return self.page


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedStack]:
    """The stack of a project with functions that answer, fail and refuse, and a page."""
    folder = create_recorded_project(tmp_path_factory.mktemp("recorded"))
    (folder / "tools").mkdir()
    for name, text in (("loud", _LOUD), ("ticks", _TICKS)):
        (folder / "functions" / name).mkdir()
        (folder / "functions" / name / "main.py").write_text(text)
    (folder / "tools/console.py").write_text(_PAGES)
    with (folder / "edge.toml").open("a") as file:
        file.write('\n[console]\npages = "tools.console:register"\n')
    with running_stack(folder) as stack:
        yield stack


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium; its event loop has to end before tests of another module run one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("No chromium here: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, recorded: RecordedStack) -> Iterator[dict[str, Any]]:
    """The state of a browser that has opened the printed link."""
    context = chromium.new_context(base_url=recorded.stack.settings.api_url)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(recorded.stack.settings.console_url or "")
    page.wait_for_url("**/console/")
    yield dict(context.storage_state())
    context.close()


def _describe(message: ConsoleMessage) -> str:
    return f"console: {message.text} at {message.location['url']}"


def watch(context: BrowserContext, url: str) -> Tab:
    """Open a page that notes script errors, refusals of the policy and requests to elsewhere."""
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(context.new_page())
    page = tab.page
    page.on("pageerror", lambda error: tab.faults.append(f"script: {error}"))
    page.on("console", lambda m: m.type == "error" and tab.faults.append(_describe(m)))
    page.on(
        "request",
        lambda request: (
            request.url.startswith((url, "data:", "blob:"))
            or tab.faults.append(f"elsewhere: {request.url}")
        ),
    )
    return tab


def find_serious(tab: Tab, **options: list[str]) -> list[str]:
    """Return what axe-core finds serious on the page that has it, with the elements concerned."""
    found = tab.page.evaluate("axe.run", {"resultTypes": ["violations"], **options})
    return [
        f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
        if violation["impact"] in _SERIOUS
    ]


@pytest.fixture
def tab(chromium: Browser, signed_in: dict[str, Any], recorded: RecordedStack) -> Iterator[Tab]:
    """A page of a browser that has opened the link; the test fails on any fault."""
    url = recorded.stack.settings.api_url
    context = chromium.new_context(
        base_url=url,
        storage_state=signed_in,
        locale="en-GB",
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",  # a colour that is changing has another contrast
    )
    tab = watch(context, url)
    yield tab
    context.close()
    assert tab.faults == []


@pytest.fixture
def project_tab(chromium: Browser, stack: RunningStack) -> Iterator[Tab]:
    """This project's console, opened by the link; the test fails on any fault."""
    expect.set_options(timeout=PATIENCE_MS)
    context = chromium.new_context(base_url=stack.url, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    tab = watch(context, stack.url)
    tab.page.goto(f"/console/?token={stack.console_token}", timeout=2 * PATIENCE_MS)
    tab.page.wait_for_url("**/console/")
    yield tab
    context.close()
    assert tab.faults == []


@pytest.fixture
def page(project_tab: Tab) -> Page:
    """A page of this project's console."""
    return project_tab.page


@pytest.fixture
def picture_folder(pytestconfig: pytest.Config) -> Path:
    """A folder for screenshots."""
    assert pytestconfig.cache is not None
    return Path(pytestconfig.cache.mkdir("console"))
