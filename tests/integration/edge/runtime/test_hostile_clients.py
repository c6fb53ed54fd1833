"""Clients that leave, dawdle, send too much or too little; and what must pass untouched."""

import gzip
import hashlib
import os
import socket
import time
from contextlib import ExitStack
from itertools import pairwise

import httpx
import pytest

from edge.events import LogLine, RequestServed
from tests.support.functions_runtime import Functions
from tests.support.process_tree import resident_bytes
from tests.support.raw_http import HEAD, connection, exchange, read_answer, statuses
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process
TRANSFERS = b"/functions/v1/transfers/"
MEGABYTE = 1 << 20


def wait_for_line(functions: Functions, text: str, since: int) -> None:
    functions.wait_for(
        lambda e: (
            isinstance(e, LogLine)
            and e.slug == "transfers"
            and text in e.text
            and e in functions.events[since:]
        )
    )


def resident() -> int:
    """Bytes that the gateway has in RAM; it runs in this very process."""
    return resident_bytes(os.getpid())


def test_a_function_hears_that_its_client_has_left(functions: Functions) -> None:
    mark = len(functions.events)
    with connection(functions.url) as connected:
        connected.sendall(b"GET " + TRANSFERS + b"leaves" + HEAD + b"\r\n")
        wait_for_line(functions, "waits", mark)

    wait_for_line(functions, "heard that the client left", mark)
    functions.wait_for(lambda e: isinstance(e, RequestServed) and e.status == 499)


def test_a_stream_ends_when_its_client_leaves(functions: Functions) -> None:
    mark = len(functions.events)
    with connection(functions.url) as connected:
        connected.sendall(b"GET " + TRANSFERS + b"endless" + HEAD + b"\r\n")
        assert connected.recv(4096)

    wait_for_line(functions, "the stream has ended", mark)


@pytest.mark.parametrize(
    "body",
    [b"content-length: 100\r\n\r\nabc", b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"],
    ids=["announced", "in chunks"],
)
def test_half_a_body_is_never_taken_for_a_whole_one(functions: Functions, body: bytes) -> None:
    mark = len(functions.events)
    with connection(functions.url) as connected:
        connected.sendall(b"POST " + TRANSFERS + b"digest" + HEAD + body)
        time.sleep(0.2)

    wait_for_line(functions, "the client left after 3 bytes", mark)


def test_a_malformed_chunk_is_400_and_the_function_hears_of_a_client_that_left(
    functions: Functions,
) -> None:
    mark = len(functions.events)
    head = b"POST " + TRANSFERS + b"digest" + HEAD + b"transfer-encoding: chunked\r\n\r\n"
    with connection(functions.url) as connected:
        connected.sendall(head + b"3\r\nabc\r\n")
        time.sleep(0.2)
        connected.sendall(b"zz\r\n")
        answer = connected.recv(4096)

    assert statuses(answer) == [400]
    wait_for_line(functions, "the client left after 3 bytes", mark)


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
    functions: Functions,
) -> None:
    head = b"POST " + TRANSFERS + b"digest" + HEAD + b"expect: 100-continue\r\n"
    with connection(functions.url) as connected:
        connected.sendall(head + b"content-length: 99999999999\r\n\r\n")
        status, body = read_answer(connected)

    assert (status, body["code"]) == (413, "EDGE_BODY_TOO_LARGE")


def test_an_early_answer_arrives_while_the_body_is_still_being_sent(functions: Functions) -> None:
    size = 20 * MEGABYTE
    head = b"POST " + TRANSFERS + b"early" + HEAD + b"content-length: %d\r\n\r\n" % size
    after = b"GET " + TRANSFERS + b"early" + HEAD + b"connection: close\r\n\r\n"
    with connection(functions.url) as connected:
        connected.sendall(head + b"x" * 1000)
        first = connected.recv(4096)
        connected.sendall(b"x" * (size - 1000))
        connected.sendall(after)
        second = b"".join(iter(lambda: connected.recv(4096), b""))

    assert statuses(first) == [200]
    assert statuses(second) == [200]


def test_a_large_body_is_held_back_while_the_function_does_not_read(functions: Functions) -> None:
    piece, count = os.urandom(MEGABYTE), 45
    digest = hashlib.sha256(piece * count).hexdigest()
    head = b"POST " + TRANSFERS + b"late" + HEAD + b"content-length: %d\r\n\r\n"
    highest = before = resident()
    with connection(functions.url) as connected:
        connected.sendall(head % (count * MEGABYTE))
        for _ in range(count):
            connected.sendall(piece)
            highest = max(highest, resident())
        status, answer = read_answer(connected)

    assert (status, answer) == (200, {"sha256": digest, "size": count * MEGABYTE})
    assert highest - before < 20 * MEGABYTE


def test_a_slow_reader_of_a_large_answer_costs_the_gateway_little(functions: Functions) -> None:
    megabytes = 200
    request = b"GET " + TRANSFERS + b"pour/%d" % megabytes + HEAD + b"connection: close\r\n\r\n"
    with socket.socket() as connected:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connected.settimeout(PATIENCE)
        host, port = functions.url.removeprefix("http://").split(":")
        connected.connect((host, int(port)))
        before = resident()
        connected.sendall(request)
        time.sleep(1)
        highest = resident()
        received, buffer = 0, bytearray(MEGABYTE)
        while size := connected.recv_into(buffer):
            received += size
            highest = max(highest, resident())

    assert received > megabytes * MEGABYTE
    assert highest - before < 30 * MEGABYTE


def test_twenty_clients_that_read_nothing_do_not_keep_others_waiting(functions: Functions) -> None:
    request = b"GET " + TRANSFERS + b"pour/50" + HEAD + b"\r\n"
    before = resident()
    with functions.client() as client, ExitStack() as idle:
        for _ in range(20):
            idle.enter_context(connection(functions.url)).sendall(request)
        time.sleep(0.7)
        answer = client.get("/echo")
        grown = resident() - before

    assert answer.status_code == 200
    assert grown < 60 * MEGABYTE


def test_events_arrive_one_by_one(functions: Functions) -> None:
    seen: list[tuple[str, float]] = []
    with httpx.stream("GET", functions.url + TRANSFERS.decode() + "events") as answer:
        seen.extend((line, time.monotonic()) for line in answer.iter_lines() if line)

    texts, times = zip(*seen, strict=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert texts == ("data: 0", "data: 1", "data: 2", "data: 3")
    assert all(later - earlier > 0.1 for earlier, later in pairwise(times))


def test_pieces_of_a_request_arrive_one_by_one(functions: Functions) -> None:
    """Each is answered before the next is sent, so none can have waited for it."""
    head = b"POST /functions/v1/stream" + HEAD + b"transfer-encoding: chunked\r\n"
    token = f"authorization: Bearer {functions.token}\r\n\r\n".encode()
    with connection(functions.url) as connected:
        stream = connected.makefile("rb")
        connected.sendall(head + token)
        while b"ready" not in stream.readline():
            pass
        for number in range(5):
            connected.sendall(b"1\r\n%d\r\n" % number)
            while (line := stream.readline()) != b"got %d\n" % number:
                assert line


def test_compressed_bodies_pass_untouched_both_ways(functions: Functions) -> None:
    packed = gzip.compress(b"request " * 1000)
    with httpx.stream(
        "POST",
        functions.url + TRANSFERS.decode() + "echo",
        content=packed,
        headers={"content-encoding": "gzip", "accept-encoding": "gzip"},
    ) as answer:
        raw = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == packed


def test_repeated_headers_and_cookies_arrive_in_order(functions: Functions) -> None:
    headers = [("x-a", "1"), ("cookie", "a=1; b=2"), ("x-a", "2"), ("cookie", "c=3"), ("x-a", "")]
    with functions.client() as client:
        answer = client.get("/echo", headers=[*client.headers.multi_items(), *headers])

    seen = [tuple(pair) for pair in answer.json()["headers"]]
    assert [pair for pair in seen if pair[0] in ("x-a", "cookie")] == headers


def test_an_announced_body_that_does_not_come_is_given_up_at_the_time_limit(
    functions: Functions,
) -> None:
    token = f"authorization: Bearer {functions.token}\r\n".encode()
    with functions.client() as client:
        client.get("/slow?seconds=0")
    head = b"POST /functions/v1/slow?seconds=2" + HEAD + token + b"connection: close\r\n"
    answer = exchange(functions.url, head + b"content-length: 9\r\n\r\nabc")

    assert statuses(answer) == [504]
