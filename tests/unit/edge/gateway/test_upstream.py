"""Functions of another runtime: forwarded whole, or refused with what to do."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from edge.gateway.upstream import Upstream
from tests.support.serving import HttpServer


async def _own(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"own {request.url.path}")


async def _foreign(request: Request) -> JSONResponse:
    return JSONResponse(
        {
            "path": request.url.path,
            "query": request.url.query,
            "body": (await request.body()).decode(),
            "apikey": request.headers.get("apikey"),
            "internal": request.headers.get("sb-api-key"),
        },
        status_code=201,
        headers={"x-mine": "1"},
    )


async def _stream(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    return StreamingResponse(parts(), media_type="text/event-stream")


def _client(upstream: Upstream) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(upstream), base_url="http://local")


@pytest.fixture
def own() -> Starlette:
    return Starlette(routes=[Route("/{path:path}", _own)])


async def test_a_typescript_function_is_named(own: Starlette) -> None:
    upstream = Upstream(own, lambda: ["mine"], lambda: {"theirs": 1})
    async with _client(upstream) as client:
        ours, theirs, unknown = [await client.get(f"/{n}") for n in ("mine", "theirs", "none")]

    assert (ours.text, unknown.text) == ("own /mine", "own /none")
    assert (theirs.status_code, theirs.headers["sb-error-code"]) == (404, "NOT_FOUND")
    assert "theirs is a TypeScript function" in theirs.json()["message"]
    assert "--upstream" in theirs.json()["message"]


async def test_a_server_that_does_not_run_is_502(own: Starlette) -> None:
    upstream = Upstream(own, list, dict, "http://127.0.0.1:9")
    async with _client(upstream) as client:
        answer = await client.post("/theirs", json={})

    assert answer.status_code == 502
    assert "http://127.0.0.1:9 cannot be reached" in answer.json()["message"]


async def test_a_body_that_breaks_off_is_never_taken_for_a_whole_one(own: Starlette) -> None:
    whole: list[bytes] = []

    async def take(request: Request) -> PlainTextResponse:
        whole.append(await request.body())
        return PlainTextResponse("taken")

    server = HttpServer(Starlette(routes=[Route("/functions/v1/theirs", take, methods=["POST"])]))
    await server.start()
    upstream = Upstream(own, list, dict, server.url)
    messages = iter([{"type": "http.request", "body": b"half", "more_body": True}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    path = {"path": "/theirs", "raw_path": b"/theirs", "query_string": b""}
    headers = [(b"transfer-encoding", b"chunked")]
    try:
        scope = {"type": "http", "method": "POST", **path, "headers": headers}
        await upstream(scope, receive, send)
    finally:
        await upstream.close()
        await server.close()

    assert (whole, sent) == ([], [])


async def test_requests_and_answers_pass_unchanged(own: Starlette) -> None:
    routes = [
        Route("/functions/v1/theirs/{rest:path}", _foreign, methods=["POST"]),
        Route("/functions/v1/stream", _stream),
    ]
    server = HttpServer(Starlette(routes=routes))
    await server.start()
    upstream = Upstream(own, lambda: ["mine"], dict, server.url)
    try:
        async with _client(upstream) as client:
            headers = {"apikey": "key", "sb-api-key": "internal"}
            answer = await client.post("/theirs/a%20b?x=1", content="text", headers=headers)
            stream = await client.get("/stream")
    finally:
        await upstream.close()
        await server.close()

    assert (answer.status_code, answer.headers["x-mine"]) == (201, "1")
    assert answer.json() == {
        "path": "/functions/v1/theirs/a b",
        "query": "x=1",
        "body": "text",
        "apikey": "key",
        "internal": None,
    }
    assert (stream.text, stream.headers["content-type"]) == (
        "ab",
        "text/event-stream; charset=utf-8",
    )
