"""Answers as no server should: what it does is named in the query."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Messages = Iterable[dict[str, Any]]


def start(status: int, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(piece: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": more}


def raises_after_the_first_byte() -> Messages:
    yield start(200, (b"content-type", b"text/plain"))
    yield body(b"first", more=True)
    raise ValueError("after the first byte")


def raises_at_the_end() -> Messages:
    yield start(200)
    yield body(b"one")
    raise ValueError("after the answer")


def length(announced: bytes, piece: bytes) -> Callable[[], Messages]:
    return lambda: [start(200, (b"content-length", announced)), body(piece)]


ODDITIES: dict[str, Callable[[], Messages]] = {
    "raises_late": raises_after_the_first_byte,
    "status_99": lambda: [start(99), body(b"x")],
    "status_100": lambda: [start(100, (b"content-length", b"0")), body(b"")],
    "status_101": lambda: [start(101, (b"content-length", b"0")), body(b"")],
    "status_103": lambda: [start(103, (b"content-length", b"0")), body(b"")],
    "status_1000": lambda: [start(1000), body(b"x")],
    "status_text": lambda: [start("teapot"), body(b"x")],  # type: ignore[arg-type]
    "length_too_long": length(b"10", b"short"),
    "length_too_short": length(b"2", b"longer"),
    "length_no_number": length(b"many", b"x"),
    "length_negative": length(b"-1", b"x"),
    "two_lengths": lambda: [
        start(200, (b"content-length", b"1"), (b"content-length", b"2")),
        body(b"xx"),
    ],
    "length_and_chunks": lambda: [
        start(200, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")),
        body(b"x"),
    ],
    "unknown_encoding": lambda: [start(200, (b"transfer-encoding", b"identity")), body(b"one")],
    "204_with_body": lambda: [start(204), body(b"surprise")],
    "204_with_length": lambda: [start(204, (b"content-length", b"8")), body(b"surprise")],
    "304_with_length": lambda: [start(304, (b"content-length", b"8")), body(b"surprise")],
    "with_length": lambda: [start(200, (b"content-length", b"8")), body(b"surprise")],
    "bad_header_name": lambda: [start(200, (b"bad name", b"1")), body(b"x")],
    "line_in_header": lambda: [start(200, (b"x-a", b"1\r\nx-b: 2")), body(b"x")],
    "nul_in_header": lambda: [start(200, (b"x-a", b"1\x002")), body(b"x")],
    "empty_header_name": lambda: [start(200, (b"", b"1")), body(b"x")],
    "closes": lambda: [start(200, (b"connection", b"close")), body(b"one")],
    "own_platform_headers": lambda: [
        start(200, (b"sb-request-id", b"mine"), (b"x-execution-id", b"mine")),
        body(b"x"),
    ],
    "twice": lambda: [start(200), body(b"one"), start(200), body(b"two")],
    "body_twice": lambda: [start(200), body(b"one"), body(b"two")],
    "raises_at_the_end": raises_at_the_end,
    "pid": lambda: [start(200), body(str(os.getpid()).encode())],
    "body_first": lambda: [body(b"x")],
    "nothing": lambda: [],
    "head_only": lambda: [start(200)],
    "unfinished": lambda: [start(200), body(b"part", more=True)],
    "unknown_message": lambda: [{"type": "http.response.nonsense"}],
    "text_for_bytes": lambda: [start(200), {"type": "http.response.body", "body": "text"}],
    "many_headers": lambda: [
        start(200, *((b"x-%d" % i, b"v") for i in range(10_000))),
        body(b"x"),
    ],
    "big_header": lambda: [start(200, (b"x-a", b"v" * (1 << 20))), body(b"x")],
}


class Odd(Response):
    """Sends what it is told to, past starlette's own care."""

    def __init__(self, messages: Messages) -> None:
        super().__init__()
        self.messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for message in self.messages:
            await send(message)


async def main(request: Request) -> Response | str:
    wish = request.query_params.get("do")
    return Odd(ODDITIES[wish]()) if wish else "well"
