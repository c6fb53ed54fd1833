"""An exception's traceback is in the log once, however many layers log it."""

from collections.abc import Iterator

import httpx
import pytest

from edge.events import LogLine, RequestServed, UncaughtException
from tests.support.functions_runtime import Functions, serve

FAILING = {
    "raises-async": "async def main(request):\n    raise ValueError('boom')\n",
    "raises-sync": "def main(request):\n    raise ValueError('boom')\n",
    "raises-event": (
        "import functions_framework\n"
        "@functions_framework.cloud_event\n"
        "def main(event):\n    raise ValueError('boom')\n"
    ),
    "raises-midway": (
        "from starlette.responses import StreamingResponse\n"
        "async def parts():\n    yield b'x'\n    raise ValueError('boom')\n"
        "async def main(request):\n    return StreamingResponse(parts())\n"
    ),
    "logs-and-raises": (
        "import logging\n"
        "async def main(request):\n"
        "    try:\n        raise ValueError('boom')\n"
        "    except ValueError:\n        logging.exception('It failed')\n        raise\n"
    ),
}
EVENT = {"ce-id": "1", "ce-source": "/test", "ce-type": "test", "ce-specversion": "1.0"}


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    root = tmp_path_factory.mktemp("project")
    for slug, source in FAILING.items():
        folder = root / "functions" / slug.replace("-", "_")
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(source)
    yield from serve(root)


@pytest.mark.parametrize("slug", FAILING)
def test_a_traceback_is_logged_once(failing: Functions, slug: str) -> None:
    with failing.client() as client:
        try:
            client.post(f"/{slug}", json={}, headers=EVENT)
        except httpx.RemoteProtocolError:
            assert slug == "raises-midway"
    failing.wait_for(lambda event: isinstance(event, UncaughtException) and event.slug == slug)
    failing.wait_for(lambda event: isinstance(event, RequestServed) and event.slug == slug)
    with failing.client() as client:  # what was logged by now has arrived before the next request
        client.post("/nothing-of-this-name")

    lines = [e.text for e in failing.events if isinstance(e, LogLine) and e.slug == slug]
    assert lines.count("ValueError: boom") == 1
    found = [e for e in failing.events if isinstance(e, UncaughtException) and e.slug == slug]
    assert sum("boom" in event.exception for event in found) == 1
