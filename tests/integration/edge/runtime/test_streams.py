"""Bytes as they come: events one by one, clients who leave, and clients who read slowly."""

import gzip
import os
import socket
import time
from itertools import pairwise

import pytest

from edge.events import LogLine
from edge.operating_system import resident_bytes
from tests.support.functions_runtime import Functions
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


def test_server_sent_events_arrive_one_by_one(functions: Functions) -> None:
    arrivals: list[tuple[str, float]] = []
    with functions.client() as client, client.stream("GET", "/events") as answer:
        for line in answer.iter_lines():
            if line:
                arrivals.append((line, time.monotonic()))

    times = [moment for _, moment in arrivals]
    assert [line for line, _ in arrivals] == ["data: 0", "data: 1", "data: 2"]
    assert all(later - earlier > 0.1 for earlier, later in pairwise(times))


def test_a_client_that_leaves_is_heard_of_by_the_function(functions: Functions) -> None:
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        token = f"authorization: Bearer {functions.token}"
        head = f"GET /functions/v1/waits HTTP/1.1\r\nhost: x\r\n{token}\r\n\r\n"
        connection.sendall(head.encode())
        functions.wait_for(lambda e: isinstance(e, LogLine) and e.text.startswith("waiting for"))

    functions.wait_for(lambda e: isinstance(e, LogLine) and e.text == "the client has left")


def test_a_slow_reader_does_not_fill_the_gateway(functions: Functions) -> None:
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(
            b"GET /functions/v1/pours HTTP/1.1\r\nhost: x\r\n"
            + f"authorization: Bearer {functions.token}\r\n\r\n".encode()
        )
        connection.recv(1000)
        before = resident_bytes(os.getpid())  # the gateway is in this process
        time.sleep(1)
        grown = resident_bytes(os.getpid()) - before
        received = 0
        while received < 256 << 20 and (data := connection.recv(1 << 20)):
            received += len(data)

    assert grown < 32 << 20
    assert received >= 255 << 20


def test_compressed_bodies_pass_as_they_are(functions: Functions) -> None:
    body = gzip.compress(b"hello " * 100)
    with functions.client() as client:
        seen = client.post("/echo", content=body, headers={"content-encoding": "gzip"}).json()

    assert seen["body"].encode("latin-1") == body
    assert ["content-encoding", "gzip"] in seen["headers"]


def exchange(functions: Functions, request: bytes) -> bytes:
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(request.replace(b"TOKEN", functions.token.encode()))
        connection.shutdown(socket.SHUT_WR)
        parts: list[bytes] = []
        while data := connection.recv(65536):
            parts.append(data)
        return b"".join(parts)


HEAD = b"POST /functions/v1/echo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\n"
INNER = b"GET /functions/v1/echo/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
        HEAD + b"content-length: 5\r\ncontent-length: 0\r\n\r\nhello" + INNER,
        HEAD + b"transfer-encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n" + INNER,
        HEAD + b"content-length : 0\r\n\r\n" + INNER,
        HEAD + b"x: 1\r\n folded: content-length: 3\r\n\r\n" + INNER,
        HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER,
        b"POST /functions/v1/echo HTTP/1.1\nhost: x\n\n" + INNER,
    ],
    ids=["CL.TE", "CL.CL", "bad chunk", "space", "fold", "TE", "LF"],
)
def test_no_second_request_reaches_a_worker(functions: Functions, request_bytes: bytes) -> None:
    """A worker may see the first request or none; never the inner one, which has no token."""
    answer = exchange(functions, request_bytes)

    assert b'"path":"/echo/smuggled"' not in answer


def test_a_long_url_and_many_headers_are_refused_or_served_but_do_no_harm(
    functions: Functions,
) -> None:
    with functions.client() as client:
        long = client.get("/echo/" + "a" * 60_000)
        many = client.get("/echo", headers=[(f"x-{n}", "y") for n in range(2_000)])
        after = client.get("/echo")

    assert long.status_code in {200, 400, 414, 431}
    assert many.status_code in {200, 400, 431}
    assert after.status_code == 200
