"""HTTP to a local server in one piece: what the server is sent, and what happens when it fails."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvloop

from shared.one_piece import one_piece_transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Run = Callable[[Coroutine[Any, Any, Any]], Any]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def client_of(serve: Serve, **options: float) -> AsyncGenerator[httpx.AsyncClient]:
    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    timeout = httpx.Timeout(options.get("timeout", 5))
    transport = one_piece_transport(url)
    assert transport is not None
    async with (
        server,
        httpx.AsyncClient(base_url=url, transport=transport, timeout=timeout) as client,
    ):
        yield client


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Workers have either loop."""

    def run_until_done(work: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(work)

    return run_until_done


def test_a_request_arrives_as_one(run: Run) -> None:
    arrived: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            arrived.append(await reader.read(65536))
            writer.write(OK)

    async def ask() -> list[httpx.Response]:
        async with client_of(serve) as client:
            return [await client.post("/a", content=b"body"), await client.get("/b")]

    answers = run(ask())

    assert [answer.text for answer in answers] == ["ok", "ok"]
    assert arrived[0].startswith(b"POST /a ")
    assert arrived[0].endswith(b"\r\n\r\nbody")
    assert arrived[1].startswith(b"GET /b ")


def test_large_bodies_go_both_ways(run: Run) -> None:
    body = bytes(range(256)) * 40_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: %d" % len(body) in head.lower()
        echoed = await reader.readexactly(len(body))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(echoed) + echoed)
        await writer.drain()

    async def ask() -> bytes:
        async with client_of(serve) as client:
            return (await client.post("/", content=body)).content

    assert run(ask()) == body


def test_a_body_that_comes_slowly_is_not_held_back(run: Run) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"first")
        came.set()
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(OK)

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.wait_for(came.wait(), 5)
        yield b"second"

    async def ask() -> int:
        async with client_of(serve) as client:
            return (await client.post("/", content=parts())).status_code

    came = asyncio.Event()
    assert run(ask()) == 200


def test_a_connection_that_the_server_closed_is_not_used_again(run: Run) -> None:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.close()

    async def ask() -> list[int]:
        async with client_of(serve) as client:
            first = await client.get("/")
            await asyncio.sleep(0.05)
            return [first.status_code, (await client.get("/")).status_code]

    assert run(ask()) == [200, 200]
    assert len(connections) == 2


def test_a_server_that_hangs_up_or_never_answers_is_told_apart(run: Run) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def ask(serve: Serve) -> None:
        async with client_of(serve, timeout=0.2) as client:
            await client.get("/")

    with pytest.raises(httpx.RemoteProtocolError):
        run(ask(hang_up))
    with pytest.raises(httpx.ReadTimeout):
        run(ask(say_nothing))


def test_nobody_there_is_a_connect_error(run: Run) -> None:
    async def ask() -> None:
        url = "http://127.0.0.1:9"
        async with httpx.AsyncClient(transport=one_piece_transport(url)) as client:
            await client.get(url)

    with pytest.raises(httpx.ConnectError):
        run(ask())


def test_tls_and_proxies_are_left_to_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    assert one_piece_transport("https://project.supabase.co") is None
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert one_piece_transport("http://kong:8000") is None
    assert one_piece_transport("http://127.0.0.1:54321") is not None
