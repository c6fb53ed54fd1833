"""Bodies are read whole up to a limit, and not beyond it."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from edge.bodies import BodyTooLongError, read_at_most


def make_request(*parts: bytes) -> tuple[Request, list[bytes]]:
    left = list(parts)

    async def receive() -> Message:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    return Request({"type": "http", "headers": []}, receive), left


async def test_a_body_of_the_limit_is_read_whole() -> None:
    assert await read_at_most(make_request(b"ab", b"", b"cd")[0], 4) == b"abcd"
    assert await read_at_most(make_request()[0], 4) == b""


async def test_a_longer_one_is_read_no_further() -> None:
    request, left = make_request(b"abc", b"de", b"fg")
    with pytest.raises(BodyTooLongError):
        await read_at_most(request, 4)
    assert left == [b"fg"]
