"""Requests that mean harm: refused, or exactly one well-formed request reaches the function."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import cycle
from select import select

import httpx
import pytest
from starlette.responses import Response

from edge.gateway.protocol import HardenedHttpProtocol
from edge.tokens import mint
from tests.conftest import RunningStack
from tests.support.functions_runtime import Functions
from tests.support.raw_http import (
    HEAD,
    connection,
    drip,
    exchange,
    fresh_path,
    read_all,
    read_answer,
    statuses,
    witnessed,
)
from tests.support.serving import HttpServer, LoopThread

pytestmark = pytest.mark.process

CHUNKED = b"transfer-encoding: chunked\r\n"
HELLO_IN_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
AMBIGUOUS = {
    "length, then chunks": b"content-length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "chunks, then length": CHUNKED + b"content-length: 4\r\n\r\n5c\r\n",
    "two lengths": b"content-length: 0\r\ncontent-length: 5\r\n\r\nhello",
    "two equal lengths": b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "a list of lengths": b"content-length: 5, 5\r\n\r\nhello",
    "a signed length": b"content-length: +5\r\n\r\nhello",
    "a negative length": b"content-length: -5\r\n\r\nhello",
    "a hexadecimal length": b"content-length: 0x5\r\n\r\nhello",
    "an endless length": b"content-length: 99999999999999999999\r\n\r\nhello",
    "an empty length": b"content-length: \r\n\r\nhello",
    "a chunk size that is none": CHUNKED + b"\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"\r\n-1\r\nhello\r\n0\r\n\r\n",
    "an endless chunk": CHUNKED + b"\r\nfffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "chunks that end in LF": CHUNKED + b"\r\n5\nhello\n0\n\n",
    "a chunk longer than said": CHUNKED + b"\r\n5\r\nhelloXX\r\n0\r\n\r\n",
    "a length in the trailer": CHUNKED + b"\r\n0\r\ncontent-length: 50\r\n\r\n",
    "a folded header": b"x-a: 1\r\n two\r\n\r\n",
    "a folded length": b"content-length:\r\n 5\r\n\r\nhello",
    "a space before the colon": b"content-length : 5\r\n\r\nhello",
    "chunked, a space before the colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": b"transfer-encoding: chunked, identity\r\n\r\n" + HELLO_IN_CHUNKS,
    "identity, chunked": b"transfer-encoding: identity, chunked\r\n\r\n" + HELLO_IN_CHUNKS,
    "gzip, chunked": b"transfer-encoding: gzip, chunked\r\n\r\n" + HELLO_IN_CHUNKS,
    "xchunked": b"transfer-encoding: xchunked\r\n\r\n" + HELLO_IN_CHUNKS,
    "quoted chunked": b'transfer-encoding: "chunked"\r\n\r\n' + HELLO_IN_CHUNKS,
    "a tabulator of another kind": b"transfer-encoding: \x0bchunked\r\n\r\n" + HELLO_IN_CHUNKS,
    "chunked twice": CHUNKED + CHUNKED + b"\r\n" + HELLO_IN_CHUNKS,
    "two encodings": CHUNKED + b"transfer-encoding: identity\r\n\r\n" + HELLO_IN_CHUNKS,
    "two hosts": b"host: y\r\n\r\n",
    "a zero byte": b"x-a: a\x00b\r\n\r\n",
    "a header without a name": b": a\r\n\r\n",
    "a line that is no header": b"novalue\r\n\r\n",
}


@pytest.mark.parametrize("shape", AMBIGUOUS)
def test_an_ambiguous_request_is_refused_and_smuggles_nothing(
    functions: Functions, shape: str
) -> None:
    path = fresh_path()
    smuggled = b"GET " + path + b"/smuggled" + HEAD + b"\r\n"
    answer = exchange(functions.url, b"POST " + path + HEAD + AMBIGUOUS[shape] + smuggled)

    assert statuses(answer) == [400]
    assert witnessed(functions, path + b"/smuggled") == []
    assert [request["body"] for request in witnessed(functions, path)] in ([], ["hello"])


LINES = {
    "LF only": b"GET %b HTTP/1.1\nhost: x\n\n",
    "CR only": b"GET %b HTTP/1.1\rhost: x\r\r",
    "small letters": b"get %b HTTP/1.1\r\nhost: x\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n%b",
    "a version of the future": b"GET %b HTTP/9.9\r\nhost: x\r\n\r\n",
    "a zero byte": b"GET %b/a\x00b HTTP/1.1\r\nhost: x\r\n\r\n",
    "a tabulator": b"GET %b/a\tb HTTP/1.1\r\nhost: x\r\n\r\n",
    "letters outside ASCII": "GET %b/ü HTTP/1.1\r\nhost: x\r\n\r\n".encode(),
    "a query outside ASCII": "GET %b?ü HTTP/1.1\r\nhost: x\r\n\r\n".encode(),
    "an authority": b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n%b",
    "an impossible port": b"GET http://x:99999%b HTTP/1.1\r\nhost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03%b",
}


@pytest.mark.parametrize("shape", LINES)
def test_a_malformed_request_line_is_400(functions: Functions, shape: str) -> None:
    path = fresh_path()
    answer = exchange(functions.url, LINES[shape] % path)

    assert statuses(answer) == [400]
    assert witnessed(functions, path) == []


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/functions/v1%2fwitness", 404),
        (b"/functions/v1/witness%2fx", 404),
        (b"/functions/v1\\witness", 404),
        (b"/x/../functions/v1/witness", 404),
        (b"/functions/v1/../v1/witness", 404),
        (b"/functions/v1/./witness", 404),
        (b"/functions/v1//witness", 404),
        (b"/functions/v1/WITNESS", 404),
        (b"/functions/v1/%00", 404),
        (b"/functions/v1/" + b"a" * 30_000, 404),
        (b"*", 404),
        (b"/functions/v1/witness/%ff%fe%00", 200),
        (b"http://elsewhere.example/functions/v1/witness", 200),
    ],
)
def test_a_target_names_a_function_exactly_or_none(
    functions: Functions, target: bytes, status: int
) -> None:
    head = b"OPTIONS " if target == b"*" else b"GET "
    answer = exchange(functions.url, head + target + HEAD + b"connection: close\r\n\r\n")

    assert statuses(answer) == [status]


@pytest.mark.parametrize("rest", [b"/../../etc/passwd", b"/%2e%2e/%2e%2e%2fx", b"/a//b"])
def test_the_rest_of_a_path_reaches_the_function_as_sent(functions: Functions, rest: bytes) -> None:
    path = fresh_path()
    exchange(functions.url, b"GET " + path + rest + HEAD + b"connection: close\r\n\r\n")

    (seen,) = witnessed(functions, path)
    assert seen["target"] == (path + rest).decode().removeprefix("/functions/v1")


def test_each_of_a_row_of_requests_is_answered_in_its_turn(functions: Functions) -> None:
    path = fresh_path()
    one = b"POST " + path + b"/1" + HEAD + CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\nx-t: 1\r\n\r\n"
    two = b"GET " + path + b"/2" + HEAD + b"content-length: 2\r\n\r\nhi"
    three = b"\r\nGET " + path + b"/3" + HEAD + b"connection: close\r\n\r\n"
    answer = exchange(functions.url, one + two + three)

    assert statuses(answer) == [200, 200, 200]
    bodies = [(request["target"][-2:], request["body"]) for request in witnessed(functions, path)]
    assert bodies == [("/1", "hello"), ("/2", "hi"), ("/3", "")]


def test_garbage_after_a_request_does_not_spoil_its_answer(functions: Functions) -> None:
    path = fresh_path()
    request = b"GET " + path + HEAD + b"\r\n"
    with connection(functions.url) as connected:
        connected.sendall(request)
        status, _ = read_answer(connected)
        connected.sendall(b"garbage\r\n\r\n")
        second = read_all(connected)

    assert (status, statuses(second)) == (200, [400])
    assert len(witnessed(functions, path)) == 1


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_an_offered_upgrade_to_http_2_is_ignored_and_the_body_kept(
    functions: Functions, method: bytes
) -> None:
    """The JDK's client offers it with each request to http://."""
    path = fresh_path()
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    framing = b"content-length: 5\r\n\r\nhello" if method == b"POST" else b"\r\n"
    last = b"POST " + path + HEAD + b"connection: close\r\n" + CHUNKED + b"\r\n" + HELLO_IN_CHUNKS
    answer = exchange(functions.url, (method + b" " + path + HEAD + offer + framing) * 2 + last)

    assert statuses(answer) == [200, 200, 200]
    bodies = [request["body"] for request in witnessed(functions, path)]
    assert bodies == (["hello"] * 3 if method == b"POST" else ["", "", "hello"])


@pytest.mark.parametrize(
    "shape", [b"content-length: 60\r\n\r\n", CHUNKED + b"\r\n", b"content-length: 5\r\n\r\nhello"]
)
@pytest.mark.parametrize("method", [b"GET ", b"POST "])
def test_a_websocket_upgrade_with_a_body_is_refused(
    functions: Functions, method: bytes, shape: bytes
) -> None:
    path = fresh_path()
    upgrade = (
        b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    smuggled = b"GET " + path + b"/smuggled" + HEAD + b"\r\n"
    answer = exchange(functions.url, method + path + HEAD + upgrade + shape + smuggled)

    assert statuses(answer) == [400]
    assert witnessed(functions, path) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_tokens_are_401_whichever_is_the_valid_one(
    functions: Functions, order: tuple[int, int]
) -> None:
    """A function that trusts the check could read the one that was not checked."""
    tokens = (functions.token, mint("another-secret-of-at-least-32-characters", "service_role"))
    headers = [("authorization", f"Bearer {tokens[n]}") for n in order]
    answer = httpx.get(functions.url + "/functions/v1/echo", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED_INVALID_JWT_FORMAT")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /functions/v1/witness?" + b"q" * 65_536 + HEAD + b"\r\n", 414),
        (b"GET /" + b"p" * (1 << 20) + HEAD + b"\r\n", 414),
        (b"GET /" + b"p" * (1 << 20), 414),
        (b"GET /x" + HEAD + b"x-a: " + b"v" * (1 << 20) + b"\r\n\r\n", 431),
        (b"GET /x" + HEAD + b"x-a: " + b"v" * (1 << 20), 431),
        (b"GET /x" + HEAD + b"x-" + b"n" * (1 << 20), 431),
        (b"GET /x" + HEAD + b"x-a: 1\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /x" + HEAD + b"".join(b"x-%d: v\r\n" % n for n in range(10_000)), 431),
    ],
    ids=["query", "path", "open path", "header", "open header", "name", "headers", "many"],
)
def test_a_head_too_large_is_refused(functions: Functions, head: bytes, status: int) -> None:
    assert statuses(exchange(functions.url, head)) == [status]


def test_a_large_head_that_fits_arrives(functions: Functions) -> None:
    path = fresh_path()
    headers = b"".join(b"x-%d: %b\r\n" % (n, b"v" * 50) for n in range(900))
    body = b"content-length: 200000\r\nconnection: close\r\n\r\n" + b"b" * 200_000
    answer = exchange(functions.url, b"POST " + path + HEAD + headers + body)

    assert statuses(answer) == [200]
    assert len(witnessed(functions, path)[0]["headers"]) > 900


def test_the_whole_stack_s_door_is_the_same(stack: RunningStack) -> None:
    head = b"GET /rest/v1/" + HEAD + b"x-a: " + b"v" * (1 << 20)

    assert statuses(exchange(stack.url, head)) == [431]


class _Impatient(HardenedHttpProtocol):
    head_seconds = 0.4


@pytest.fixture(scope="module")
def impatient() -> Iterator[str]:
    """A server of a plain app whose clients have little time for their heads."""

    thread = LoopThread()
    server = HttpServer(Response(status_code=204), http=_Impatient)
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.close()


@pytest.mark.parametrize(
    "dripped",
    [b"", b"G", b"GET / HTTP/1.1\r\nhost: x\r\nx-a: aaaaaaaaaaaaaaaaaaaaaaaa", b"\r\n" * 20],
    ids=["nothing", "one byte", "a header", "empty lines"],
)
def test_a_head_that_does_not_come_in_time_is_408(impatient: str, dripped: bytes) -> None:
    with connection(impatient) as connected:
        with suppress(OSError):  # the server had enough
            drip(connected, (dripped[n : n + 1] for n in range(len(dripped))), pause=0.02)
        answer = connected.recv(4096)

    assert statuses(answer) == [408]


def test_the_second_head_on_a_connection_has_its_own_time(impatient: str) -> None:
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    with connection(impatient) as connected:
        seen: list[list[int]] = []
        for _ in range(3):
            drip(connected, (request[:9], request[9:]), pause=0.2)
            seen.append(statuses(connected.recv(4096)))
        connected.sendall(request[:9])
        seen.append(statuses(connected.recv(4096)))

    assert seen == [[204], [204], [204], [408]]


def test_slow_clients_do_not_keep_others_waiting(functions: Functions) -> None:
    """Two hundred of them, each in the middle of its head or body."""
    path = fresh_path()
    beginnings = (b"GET " + path + HEAD, b"POST " + path + HEAD + b"content-length: 9\r\n\r\nabc")
    with functions.client() as client, ExitStack() as slow:
        client.get("/echo")
        connections = [slow.enter_context(connection(functions.url)) for _ in range(200)]
        for connected, beginning in zip(connections, cycle(beginnings), strict=False):
            connected.sendall(beginning)
        answers = [client.get("/echo") for _ in range(20)]
        given_up_on = select(connections, [], [], 0)[0]

    assert {answer.status_code for answer in answers} == {200}
    assert given_up_on == []
    assert [request["body"] for request in witnessed(functions, path)] == []
