"""Request bodies that are read whole, up to a size."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request

_COPIED_HERE: Final = 4 * 1024 * 1024
"""More takes an event loop longer than a millisecond."""


class BodyTooLongError(Exception):
    """The body has more bytes than are read."""


async def read_at_most(request: "Request", limit: int) -> bytes:
    """Return the body. Raises BodyTooLongError before many more than `limit` bytes are held."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise BodyTooLongError
    return bytes(body)


async def join(chunks: Sequence[bytes]) -> bytes:
    """Return the chunks in one piece; long ones are copied while the event loop goes on."""
    if len(chunks) == 1:
        return chunks[0]
    if sum(map(len, chunks)) <= _COPIED_HERE:
        return b"".join(chunks)
    return await asyncio.to_thread(b"".join, chunks)
