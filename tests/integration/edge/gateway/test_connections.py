"""Connections of a gateway: versions, hosts, garbage after requests, bodies that stop, limits."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from edge.gateway.client_limits import ClientLimits
from edge.gateway.protocol import HardenedHttpProtocol
from tests.support.raw_http import connection, exchange, read_all, statuses
from tests.support.serving import HttpServer, LoopThread

REQUEST = b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n"
HALF = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"


async def answer_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path, once the whole body is there; /early answers before."""
    request = Request(scope, receive)
    if request.url.path != "/early":
        await request.body()
    await PlainTextResponse(request.url.path)(scope, receive, send)


class _Strict(HardenedHttpProtocol):
    body_seconds = 0.3


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    thread = LoopThread()
    limits = ClientLimits(connections=30, bodies=3)
    server = HttpServer(answer_path, http=_Strict, clients=limits)
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nx-host: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a,b/c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: user@x\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nhost: x\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nhost: x\r\n\r\n", 505),
        (b"GET / HTTP/1.2\r\nhost: x\r\n\r\n", 400),
        (b"GET / HTTP/3.0\r\nhost: x\r\n\r\n", 400),
        (b"GET / HTTP/11\r\nhost: x\r\n\r\n", 400),
        (b"GET / ICE/1.0\r\nhost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nhost: [::1]:80\r\nconnection: close\r\n\r\n", 200),
    ],
)
def test_heads_without_host_or_of_another_version_are_refused(
    url: str, head: bytes, status: int
) -> None:
    assert statuses(exchange(url, head)) == [status]


@pytest.mark.parametrize(
    ("garbage", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"\x16\x03\x01\x02", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nhost: x\r\n\r\n", 505),
        (b"GET /" + b"a" * 70_000, 414),
        (b"POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["garbage", "TLS", "no host", "HTTP/2.0", "too long", "a bad chunk"],
)
@pytest.mark.parametrize("count", [1, 3])
def test_requests_before_garbage_are_answered(
    url: str, garbage: bytes, status: int, count: int
) -> None:
    answer = exchange(url, REQUEST * count + garbage)

    assert statuses(answer) == [200] * count + [status]
    assert answer.count(b"/first") == count


@pytest.mark.parametrize(
    "half",
    [
        HALF,
        HALF.replace(b"content-length: 10", b"transfer-encoding: chunked").replace(b"{", b"1\r"),
    ],
    ids=["announced", "chunked"],
)
def test_a_body_that_does_not_come_is_408(url: str, half: bytes) -> None:
    assert statuses(exchange(url, half)) == [408]


def test_a_body_that_drips_is_408(url: str) -> None:
    with connection(url) as connected:
        connected.sendall(HALF.replace(b"10", b"900"))
        connected.settimeout(0.05)
        answer = b""
        for _ in range(100):
            connected.sendall(b"x")
            try:
                answer = connected.recv(4096)
                break
            except TimeoutError:
                continue

    assert statuses(answer) == [408]


def test_a_body_that_stops_after_its_answer_only_ends_the_connection(url: str) -> None:
    assert statuses(exchange(url, HALF.replace(b"POST /", b"POST /early"))) == [200]


def test_a_client_with_too_many_unfinished_bodies_is_refused(url: str) -> None:
    with ExitStack() as slow:
        halves = [slow.enter_context(connection(url)) for _ in range(4)]
        for half in halves:
            half.sendall(HALF)
        answers = [statuses(read_all(half)) for half in halves]
        others = statuses(exchange(url, REQUEST.replace(b"host", b"connection: close\r\nhost")))

    assert sorted(answers) == [[408], [408], [408], [429]]
    assert others == [200]


def test_a_client_with_too_many_connections_is_refused_until_some_end(url: str) -> None:
    with ExitStack() as idle:
        for _ in range(30):
            idle.enter_context(connection(url)).sendall(b"GET")
        refused = exchange(url, b"")
    answer = exchange(url, REQUEST.replace(b"host", b"connection: close\r\nhost"))

    assert statuses(refused) == [429]
    assert statuses(answer) == [200]
