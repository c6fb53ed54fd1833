"""Whatever a request holds, the event loop that answers others is busy for a short time only."""

import json
from typing import Any

import pytest

from tests.support.loop_time import longest_step

JSON = {"content-type": "application/json"}
MANY_KEYS = json.dumps({f"key{number}": 1 for number in range(300_000)}).encode()
LIMIT = 0.02
QUOTES = {"cookie": 'a="' + '\\"' * 15_000 + '"'}


@pytest.mark.parametrize(
    ("method", "url", "headers", "content", "status"),
    [
        ("POST", "/shows", JSON, MANY_KEYS, 400),
        ("POST", "/rpc/add", JSON, MANY_KEYS, 404),
        ("POST", "/rpc/echo", JSON, MANY_KEYS, 200),
        ("GET", "/shows?select=id", QUOTES, b"", 200),
        ("GET", f"/shows?select={'x' * 60_000}", {}, b"", 400),
        ("GET", f"/{'x' * 60_000}", {}, b"", 404),
        ("POST", "/rpc/add", JSON, b'{"' + b"x" * 60_000 + b'": 1}', 404),
    ],
    ids=["keys", "arguments", "whole", "cookie", "column", "table", "argument"],
)
async def test_the_loop_goes_on(
    rest: Any, method: str, url: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    await rest("GET", "/shows?limit=1")
    asking = rest(method, url, headers=headers, content=content)
    answer, seconds = await longest_step(asking)

    assert (answer.status_code, seconds < LIMIT) == (status, True), f"{seconds * 1000:.0f} ms"
