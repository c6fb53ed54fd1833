"""Who takes a function's places: requests whose body is there; WebSockets take their own."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.functions_runtime import Functions, serve

pytestmark = pytest.mark.process
ECHO = """
async def main(request):
    return {"size": len(await request.body())}

async def websocket(socket):
    await socket.accept()
    await socket.send_text("hello")
    while True:
        await socket.send_text(await socket.receive_text())
"""
ADDRESS = """
def main(request):
    forwarded = request.headers["x-forwarded-for"]
    return {"seen": [request.remote_addr, forwarded, request.headers["x-forwarded-host"]]}
"""
ADDRESS_ASYNC = """
async def main(request):
    forwarded = request.headers["x-forwarded-for"]
    return {"seen": [request.client.host, forwarded, request.headers["x-forwarded-host"]]}
"""
TOGETHER = """
from threading import Barrier
together = Barrier(30)
def main(request):
    together.wait(30)
    return "done"
"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """Functions with few places."""
    root = tmp_path_factory.mktemp("crowded")
    for name, source, settings in (
        ("echo", ECHO, "max_workers = 1\nconcurrency = 4\nwebsockets = 3"),
        ("silent", ECHO, "max_workers = 1\nidle_timeout = 0.5"),
        ("address", ADDRESS, ""),
        ("address_async", ADDRESS_ASYNC, ""),
        ("plain", TOGETHER, "max_workers = 1\nconcurrency = 30"),
    ):
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(source)
        (folder / "function.toml").write_text(f"verify_jwt = false\n{settings}\n")
    yield from serve(root)


def half_sent(functions: Functions, framing: str, begin: bytes) -> socket.socket:
    url = urlsplit(functions.url)
    connection = socket.create_connection((url.hostname, url.port))
    head = f"POST /functions/v1/echo HTTP/1.1\r\nhost: {url.netloc}\r\n{framing}\r\n\r\n"
    connection.sendall(head.encode() + begin)
    return connection


@pytest.mark.parametrize(
    ("framing", "begin"),
    [
        ("content-length: 10", b"{"),
        ("content-length: 400000", b"x" * 200_000),
        ("transfer-encoding: chunked", b"1\r\n{\r\n"),
    ],
)
def test_half_sent_bodies_leave_places_to_others(
    crowded: Functions, framing: str, begin: bytes
) -> None:
    with ExitStack() as stack, crowded.client() as client:
        client.post("/echo", content=b"warm")
        for _ in range(20):
            stack.enter_context(half_sent(crowded, framing, begin))
        answers = [client.post("/echo", content=b"12345").json() for _ in range(5)]

    assert answers == [{"size": 5}] * 5


def test_long_bodies_arrive_whole(crowded: Functions) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 50_000

    with crowded.client() as client:
        answers = [
            client.post("/echo", content=b"x" * 2_000_000).json(),
            client.post("/echo", content=pieces()).json(),
            client.post("/echo").json(),
        ]

    assert [answer["size"] for answer in answers] == [2_000_000, 2_000_000, 0]


def test_websockets_leave_requests_their_places_and_are_limited(crowded: Functions) -> None:
    url = crowded.url.replace("http", "ws", 1) + "/functions/v1/echo"
    with ExitStack() as stack, crowded.client() as client:
        sockets = [stack.enter_context(connect(url)) for _ in range(3)]
        assert {each.recv() for each in sockets} == {"hello"}
        answers = [client.post("/echo", content=b"12345").json() for _ in range(5)]
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass

    assert answers == [{"size": 5}] * 5
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["sb-error-code"] == "EDGE_TOO_MANY_WEBSOCKETS"


def test_a_silent_websocket_is_closed_and_a_busy_one_is_not(crowded: Functions) -> None:
    url = crowded.url.replace("http", "ws", 1) + "/functions/v1/silent"
    with connect(url) as busy, connect(url) as silent:
        assert (busy.recv(), silent.recv()) == ("hello", "hello")
        for _ in range(6):
            time.sleep(0.2)
            busy.send("on")
            assert busy.recv() == "on"
        with pytest.raises(ConnectionClosed) as closed:
            silent.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_plain_functions_run_as_many_at_a_time_as_concurrency_says(crowded: Functions) -> None:
    with crowded.client() as client, ThreadPoolExecutor(30) as threads:
        client.timeout = httpx.Timeout(60)
        answers = list(threads.map(client.get, ["/plain"] * 30))

    assert [answer.text for answer in answers] == ["done"] * 30


@pytest.mark.parametrize("name", ["address", "address-async"])
def test_a_function_is_told_the_address_of_its_client(crowded: Functions, name: str) -> None:
    with crowded.client() as client:
        seen = client.get(f"/{name}", headers={"x-forwarded-for": "9.9.9.9"}).json()

    assert seen["seen"] == ["127.0.0.1", "127.0.0.1", crowded.url.partition("//")[2]]
