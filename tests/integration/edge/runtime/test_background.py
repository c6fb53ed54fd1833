"""Work after the response: registered it is finished, unregistered its loss is logged."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.events import Event, LogLine
from tests.integration.edge.runtime.test_reload import eventually
from tests.support.functions_runtime import Functions, serve
from tests.support.paths import ROOT

pytestmark = pytest.mark.process

BARE = """
import asyncio, threading, time
class Job:
    def work(self):
        time.sleep(60)
async def task():
    await asyncio.sleep(60)
async def main(request):
    threading.Thread(target=Job().work, daemon=True).start()
    threading.Thread(target=time.sleep, args=(60,), name="sleeper").start()
    asyncio.create_task(task())
    await asyncio.to_thread(len, "leaves an idle thread behind")
    return "accepted"
"""
FLASK = """
import functions_framework, time
from shared.runtime.background import wait_until
def later():
    time.sleep(0.3)
    print("function done")
async def later_still():
    print("coroutine done")
def fails():
    raise RuntimeError("background fault")
@functions_framework.http
def main(request):
    wait_until(later)
    wait_until(later_still())
    wait_until(fails)
    return "accepted"
"""


def add(scratch: Functions, name: str, code: str) -> None:
    folder: Path = scratch.app.config.root / "functions" / name
    folder.mkdir()
    (folder / "function.toml").write_text('policy = "oneshot"\n')
    (folder / "main.py").write_text(code)
    eventually(lambda: name in scratch.app.functions, True)
    with scratch.client() as client:
        assert client.get(f"/{name}").text == "accepted"


def line(scratch: Functions, slug: str, text: str) -> str:
    def is_it(event: Event) -> bool:
        return isinstance(event, LogLine) and event.slug == slug and text in event.text

    found = scratch.wait_for(is_it)
    assert isinstance(found, LogLine)
    return found.text


def test_unregistered_work_that_ends_with_the_worker_is_named(scratch: Functions) -> None:
    add(scratch, "bare", BARE)

    text = line(scratch, "bare", "The worker ended before")

    assert "task task (main.py:6), thread Job.work (main.py:5), thread sleeper, which" in text
    assert "wait_until" in text


@pytest.fixture
def with_shared(tmp_path: Path) -> Iterator[Functions]:
    """A project with this one's shared/."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "shared").symlink_to(ROOT / "shared")
    yield from serve(tmp_path)


def test_a_flask_style_function_registers_work(with_shared: Functions) -> None:
    add(with_shared, "flask-later", FLASK)

    for text in ("function done", "coroutine done", "background fault"):
        assert line(with_shared, "flask-later", text)
