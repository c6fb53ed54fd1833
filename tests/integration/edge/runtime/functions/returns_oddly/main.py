"""Returns what is no answer: what it does is named in the query."""

import math
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse


def pieces():
    yield b"a"
    yield b"b"


async def late_failure():
    yield b"a"
    raise ValueError("in a stream")


VALUES: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "bytes": lambda: b"bytes",
    "number": lambda: 7,
    "list": lambda: [1, 2],
    "generator": pieces,
    "coroutine": lambda: main,
    "nan": lambda: {"value": math.nan},
    "surrogate": lambda: "\udc80",
    "cycle": lambda: cycle(),
    "huge_dict": lambda: {str(n): "x" * 100 for n in range(100_000)},
    "object": object,
    "class": lambda: StreamingResponse,
    "bad_status": lambda: ("x", "y"),
    "late_failure": lambda: StreamingResponse(late_failure()),
    "well": lambda: "well",
}


def cycle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


async def main(request: Request) -> Any:
    return VALUES[request.query_params["do"]]()
