"""How runs end that fail or were abandoned."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.chat.emitter import Emitter
from backend.chat.functions import Functions
from backend.chat.library import Library
from backend.chat.messages import Message
from backend.chat.runner import Runner
from backend.chat.stores.sqlite import SqliteStore
from tests.support.serving import HttpServer
from tests.support.waiting import PATIENCE

_VIDEO = {"id": "u", "video_id": "v", "collection_id": "c", "owner_id": None, "metadata": {}}
_FOUND = {"analysis": "# Call", "sales_techniques": [{"name": "open questions"}]}


async def _answer_rows(_request: Request) -> Response:
    return JSONResponse([{**_VIDEO, "transcripts": {"full_text": "Ann: Hello."}}])


async def _answer_function(request: Request) -> Response:
    """Analyse, and refuse to write the prompt; no traceback or address belongs into a message."""
    if request.path_params["slug"] == "structured-data":
        return JSONResponse({"status": "success", "data": {"result": _FOUND}})
    error = {"message": "The structured data is stale.", "code": "STRUCTURED_DATA_STALE"}
    return JSONResponse({"status": "error", "error": error}, 409)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, Runner]]:
    """A store, and a runner whose project refuses to write a voice prompt."""
    routes = [
        Route("/rest/v1/videos", _answer_rows),
        Route("/functions/v1/{slug}", _answer_function, methods=["POST"]),
    ]
    project = HttpServer(Starlette(routes=routes))
    await project.start()
    store = SqliteStore(f"sqlite://{tmp_path}/chat.db")
    await store.open()
    library, functions = Library(project.url, "k"), Functions(project.url, "k")
    emitter = Emitter(socketio.AsyncServer(async_mode="asgi"), store)
    runner = Runner(store, emitter, library, functions)
    yield store, runner
    await runner.stop()
    for each in (library, functions, store, project):
        await each.close()


async def run(parts: tuple[SqliteStore, Runner], text: str, attempts: int = 0) -> dict[str, Any]:
    """Return the output of a message that other instances have begun so many times."""
    store, runner = parts
    content = [{"type": "text", "text": text}]
    given = Message.model_validate({"session_id": "s", "content": content, "video_id": "v"})
    await store.begin(given, "o", None)
    for _ in range(attempts):
        assert await store.claim("another")
        await store._fetch("update runs set lease_expires_at = 0", ())
    runner.start()

    async with asyncio.timeout(PATIENCE):
        while True:
            found = await store.fetch_output("s", "o")
            if found and found["status"] != "progress":
                return found
            await asyncio.sleep(0.01)


async def test_a_stage_that_fails_is_told_with_those_that_are_kept(
    parts: tuple[SqliteStore, Runner],
) -> None:
    failed = await run(parts, "@sales_prompt_extractor")
    metadata = failed["metadata"]
    assert (failed["status"], metadata["error_type"]) == ("error", "analysis_failed")
    assert metadata["stages_completed"] == ["transcript_processing", "structured_data"]
    assert set(metadata) == {"error_type", "request_id", "stages_completed", "timestamp"}
    (item,) = failed["content"]
    assert item["status"] == "error"
    assert item["text"] == failed["message"]
    assert "voice-prompt: The structured data is stale." in item["text"]
    assert failed["analysis"] == "# Call"
    assert "voice_prompt" not in failed


@pytest.mark.parametrize(("attempts", "is_interrupted"), [(2, False), (3, True)])
async def test_a_run_that_three_instances_abandoned_is_interrupted(
    parts: tuple[SqliteStore, Runner], attempts: int, *, is_interrupted: bool
) -> None:
    ended = await run(parts, "help", attempts)
    assert (ended["status"] == "error") == is_interrupted
    if is_interrupted:
        assert ended["metadata"]["error_type"] == "interrupted"
        text = ended["content"][0]["text"]
        assert text == "The work was interrupted. Press send to try again."


async def test_what_nobody_foresaw_says_nothing_of_the_inside(
    parts: tuple[SqliteStore, Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_VIDEO, "metadata", "a text at /root/secret")
    ended = await run(parts, "@compare with=w")
    assert ended["status"] == "error"
    assert "Something went wrong" in ended["content"][0]["text"]
    assert ended["metadata"]["request_id"]
    assert "secret" not in str(ended)
