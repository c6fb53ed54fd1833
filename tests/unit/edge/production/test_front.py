"""The hosted project's services through the instance: what goes on, what comes back, what fails."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edge.production.front.app import Front
from edge.production.front.sockets import FrontSockets, pass_upgrades_on
from tests.support.raw_http import exchange
from tests.support.serving import HttpServer
from tests.support.waiting import PATIENCE

AWAY = "http://127.0.0.1:9"
PART = b"x" * 65536


class Project:
    """Plays the hosted project, and notes what happens in it."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.stopped = asyncio.Event()
        self.parts = 0
        self.url = ""
        paths = {
            "/rest/v1/echo": self.echo,
            "/functions/v1/theirs": self.echo,
            "/rest/v1/events": self.events,
            "/storage/v1/endless": self.endless,
            "/rest/v1/silent": self.silent,
            "/rest/v1/torn": self.torn,
            "/auth/v1/verify": self.locate,
            "/auth/v1/gzip": self.compressed,
        }
        routes = [
            Route(path, each, methods=["GET", "POST", "PATCH"]) for path, each in paths.items()
        ]
        self.app = Starlette(routes=routes)

    async def echo(self, request: Request) -> Response:
        body = await request.body()
        answer = JSONResponse(
            {
                "target": request.scope["raw_path"].decode() + "?" + request.url.query,
                "method": request.method,
                "headers": [[name, value] for name, value in request.headers.items()],
                "size": len(body),
            },
            headers={"x-own": "1", "alt-svc": "h3=':443'", "connection": "x-hop", "x-hop": "1"},
        )
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    async def events(self, _request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "data: 1\n\n"
            await self.released.wait()
            yield "data: 2\n\n"

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def endless(self, _request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    self.parts += 1
                    yield PART
                    await asyncio.sleep(0)
            finally:
                self.stopped.set()

        return StreamingResponse(parts())

    async def silent(self, request: Request) -> Response:
        self.released.set()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.stopped.set()
        return Response()

    async def torn(self, _request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"some"
            raise ConnectionResetError

        return StreamingResponse(parts(), headers={"content-length": "9"})

    async def locate(self, request: Request) -> Response:
        to = request.query_params["to"].replace("PROJECT", self.url)
        return Response(status_code=303, headers={"location": to})

    async def compressed(self, _request: Request) -> Response:
        return Response(gzip.compress(b"hello"), headers={"content-encoding": "gzip"})


async def own(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("ours")(scope, receive, send)


Opened = Callable[..., Any]


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    played = Project()
    server = HttpServer(played.app)
    await server.start()
    played.url = server.url
    yield played
    played.released.set()
    await server.close()


@pytest.fixture
async def front_at() -> AsyncIterator[Opened]:
    """Open a front before a URL; return its own."""
    warned: list[str] = []
    async with AsyncExitStack() as exits:

        async def open_front(url: str, max_sockets: int = 10, **options: Any) -> str:
            front = Front(own, url, warned.append, **options)
            sockets = FrontSockets(url, options.get("trusted", ""), max_sockets)
            upgrades = pass_upgrades_on(sockets, options.get("slugs"), lambda *_: None)  # type: ignore[arg-type,return-value]
            server = HttpServer(front, ws=upgrades)
            await server.start()
            exits.push_async_callback(front.close)
            exits.push_async_callback(server.close)
            return server.url

        yield open_front


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE) as opened:
        yield opened


async def test_a_request_goes_on_as_it_came_with_the_clients_address(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url)
    sent = {"apikey": "sb_publishable_x", "authorization": "Bearer t", "user-agent": "me"}
    sent |= {"x-forwarded-for": "6.6.6.6", "connection": "x-drop", "x-drop": "1"}

    got = await client.patch(f"{url}/rest/v1/echo?a=%2F&select=*,b(c)", headers=sent, content=b"{}")

    headers = dict(got.json()["headers"])
    assert got.json()["target"] == "/rest/v1/echo?a=%2F&select=*,b(c)"
    assert (got.json()["method"], got.json()["size"]) == ("PATCH", 2)
    assert (headers["apikey"], headers["authorization"]) == ("sb_publishable_x", "Bearer t")
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert headers["x-forwarded-host"] == url.removeprefix("http://")
    assert headers["host"] == project.url.removeprefix("http://")
    assert {"x-drop", "transfer-encoding"} & set(headers) == set()
    assert got.headers.get_list("set-cookie", split_commas=False)[1].startswith("b=2")
    assert (got.headers["x-own"], len(got.headers.get_list("date"))) == ("1", 1)
    assert {"alt-svc", "x-hop"} & set(got.headers) == set()


async def test_other_paths_are_the_instances_own(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url)

    answers = [
        (await client.get(url + path)).text for path in ("/functions/v1/a", "/rest/v10", "/")
    ]

    assert answers == ["ours"] * 3


async def test_functions_that_are_not_here_are_the_projects(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url, slugs=lambda: {"ours"})
    theirs = f"{url}/functions/v1/theirs"

    got = await client.post(f"{theirs}?a=1", content=b"body")
    headers = dict(got.json()["headers"])
    missing = await client.get(f"{url}/functions/v1/missing")
    params = {"to": "PROJECT/functions/v1/theirs"}
    moved = await client.get(f"{url}/auth/v1/verify", params=params)
    own = [f"{url}/functions/v1/ours", f"{url}/functions/v1/", f"{url}/functions/v1"]
    answers = [(await client.get(each)).text for each in own]
    back = await client.get(theirs, headers={"x-edge-front": headers["x-edge-front"]})

    assert (got.json()["target"], got.json()["size"]) == ("/functions/v1/theirs?a=1", 4)
    assert "x-edge-front" not in dict((await client.get(f"{url}/rest/v1/echo")).json()["headers"])
    assert missing.status_code == 404
    assert moved.headers["location"] == theirs
    assert [*answers, back.text] == ["ours"] * 4


async def test_a_named_proxys_word_is_believed(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url, trusted="127.0.0.1")
    given = {"x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
    given["x-forwarded-host"] = "shop.example.com"

    got = await client.get(f"{url}/rest/v1/echo", headers=given)
    params = {"to": "PROJECT/auth/v1/authorize?a=b"}
    moved = await client.get(f"{url}/auth/v1/verify", params=params, headers=given)

    assert dict(got.json()["headers"])["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert moved.headers["location"] == "https://shop.example.com/auth/v1/authorize?a=b"


@pytest.mark.parametrize(
    "to", ["https://a.example.com/?b", "PROJECT/other", "/auth/v1/x", "PROJECT1"]
)
async def test_a_redirect_elsewhere_stays_and_is_not_followed(
    project: Project, front_at: Opened, client: httpx.AsyncClient, to: str
) -> None:
    url = await front_at(project.url)

    moved = await client.get(f"{url}/auth/v1/verify", params={"to": to})

    assert moved.status_code == 303
    assert moved.headers["location"] == to.replace("PROJECT", project.url)


async def test_bodies_stream_both_ways(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield PART

    sent = await client.post(f"{url}/rest/v1/echo", content=parts())
    async with client.stream("GET", f"{url}/rest/v1/events") as stream:
        lines = stream.aiter_text()
        first = await anext(lines)
        project.released.set()
        second = await anext(lines)
    compressed = await client.get(f"{url}/auth/v1/gzip")
    head = await client.head(f"{url}/rest/v1/echo")

    assert sent.json()["size"] == 100 * len(PART)
    assert (first, second) == ("data: 1\n\n", "data: 2\n\n")
    assert compressed.text == "hello"
    assert (head.status_code, head.content) == (200, b"")


async def test_who_reads_slowly_slows_the_project_and_who_goes_stops_it(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url)

    async with client.stream("GET", f"{url}/storage/v1/endless") as stream:
        await anext(stream.aiter_raw())
    await asyncio.wait_for(project.stopped.wait(), PATIENCE)
    project.stopped.clear()
    waiting = asyncio.ensure_future(client.get(f"{url}/rest/v1/silent"))
    await project.released.wait()
    waiting.cancel()
    await asyncio.wait_for(project.stopped.wait(), PATIENCE)

    assert project.parts * len(PART) < 100 << 20


@pytest.mark.filterwarnings("ignore")
async def test_who_does_not_read_keeps_no_connection_to_the_project(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url, timeout=0.5)

    async with client.stream("GET", f"{url}/storage/v1/endless"):
        await asyncio.wait_for(project.stopped.wait(), PATIENCE)

    assert project.parts


async def test_failures_are_told_apart(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    away = await client.get(f"{await front_at(AWAY)}/rest/v1/x")
    hanging = await front_at(project.url, timeout=0.2, max_connections=1, patience=0.01)
    late = await client.get(f"{hanging}/rest/v1/silent")
    slow = asyncio.ensure_future(client.get(f"{hanging}/rest/v1/silent"))
    project.released.clear()
    await project.released.wait()
    busy = await client.get(f"{hanging}/rest/v1/echo")
    with suppress(httpx.HTTPError):
        await slow

    found = [
        (a.status_code, a.json()["code"], a.headers["sb-error-code"]) for a in (away, late, busy)
    ]
    assert [(status, code) for status, code, _ in found] == [
        (502, "EDGE_UPSTREAM_UNREACHABLE"),
        (504, "EDGE_UPSTREAM_TIMEOUT"),
        (503, "EDGE_UPSTREAM_BUSY"),
    ]
    assert all(each.json()["code"] == each.headers["sb-error-code"] for each in (away, late, busy))
    assert all("SUPABASE_URL" in each.json()["hint"] for each in (away, late, busy))


async def test_a_body_whose_connection_was_closed_is_not_sent_again(
    front_at: Opened, client: httpx.AsyncClient
) -> None:
    async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def body() -> AsyncIterator[bytes]:
        yield PART

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = await front_at(f"http://127.0.0.1:{port}")
        got = await client.request("GET", f"{url}/rest/v1/x", content=body())

    assert (got.status_code, got.json()["code"]) == (502, "EDGE_UPSTREAM_UNREACHABLE")


@pytest.mark.filterwarnings("ignore")
async def test_an_answer_that_breaks_off_is_not_passed_as_a_whole_one(
    project: Project, front_at: Opened, client: httpx.AsyncClient
) -> None:
    url = await front_at(project.url)

    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(f"{url}/rest/v1/torn")


async def _talk(socket: ServerConnection) -> None:
    assert socket.request is not None
    await socket.send(socket.request.path)
    await socket.send(socket.request.headers["x-forwarded-for"])
    with suppress(ConnectionClosed):
        async for message in socket:
            if message == "bye":
                await socket.close(4001, "as asked")
            await socket.send(message)


async def test_a_websocket_is_passed_both_ways(front_at: Opened) -> None:
    async with serve(_talk, "127.0.0.1", 0, subprotocols=["two"], max_size=None) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        url = (await front_at(f"http://127.0.0.1:{port}")).replace("http", "ws")
        async with connect(
            f"{url}/realtime/v1/websocket?apikey=a",
            subprotocols=["one", "two"],  # type: ignore[list-item]
            max_size=None,
        ) as socket:
            received = [await socket.recv(), await socket.recv()]
            for message in ("hello", bytes(3_000_000)):
                await socket.send(message)
                assert await socket.recv() == message
            await socket.send("bye")
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()

    assert received == ["/realtime/v1/websocket?apikey=a", "127.0.0.1"]
    assert socket.subprotocol == "two"
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as asked")


async def test_a_websocket_of_a_function_that_is_not_here_is_passed_once(front_at: Opened) -> None:
    async def echo(connection: ServerConnection) -> None:
        assert connection.request
        async for message in connection:
            await connection.send(f"{connection.request.headers['x-edge-front']} {message!r}")

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        url = await front_at(f"http://127.0.0.1:{port}", slugs=lambda: {"ours"})
        address = f"ws{url.removeprefix('http')}/functions/v1/theirs"
        async with connect(address) as socket:
            await socket.send("hello")
            answer = await socket.recv()
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address, additional_headers={"x-edge-front": "1"}):
                pass

    assert answer == "1 'hello'"
    assert refused.value.response.status_code == 404


async def test_a_websocket_is_refused_with_what_is_wrong(front_at: Opened) -> None:
    refused: list[int] = []
    for url in (await front_at(AWAY), await front_at(AWAY, max_sockets=0)):
        with pytest.raises(InvalidStatus) as caught:
            async with connect(url.replace("http", "ws") + "/realtime/v1/websocket"):
                pass
        refused.append(caught.value.response.status_code)
    malformed = await asyncio.to_thread(
        exchange,
        await front_at(AWAY),
        b"POST /realtime/v1/websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n"
        b"upgrade: websocket\r\ncontent-length: 2\r\n\r\n{}",
    )

    assert refused == [502, 503]
    assert b" 400 " in malformed
