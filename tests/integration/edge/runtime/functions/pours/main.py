"""Answers with 256 MB, as fast as it is let."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

PIECE = b"x" * (1 << 20)


async def main(_request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(256):
            yield PIECE

    return StreamingResponse(pieces(), media_type="application/octet-stream")
