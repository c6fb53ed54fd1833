"""Sends and receives in every manner: how is named in the path."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

PIECE = b"x" * (1 << 20)


async def pour(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield PIECE


async def tell() -> AsyncIterator[bytes]:
    for number in range(4):
        yield f"data: {number}\n\n".encode()
        await asyncio.sleep(0.2)


async def wait_for_the_client_to_leave(request: Request) -> Response:
    print("waits")  # noqa: T201
    while not await request.is_disconnected():  # noqa: ASYNC110 - as functions do it
        await asyncio.sleep(0.02)
    print("heard that the client left")  # noqa: T201
    return Response("nobody reads this")


async def stream_until_the_client_leaves() -> AsyncIterator[bytes]:
    try:
        while True:
            yield b"more\n"
            await asyncio.sleep(0.02)
    finally:
        print("the stream has ended")  # noqa: T201


async def digest(request: Request) -> Response:
    seen, size = hashlib.sha256(), 0
    try:
        async for piece in request.stream():
            seen.update(piece)
            size += len(piece)
    except ClientDisconnect:
        print(f"the client left after {size} bytes")  # noqa: T201
        raise
    return JSONResponse({"sha256": seen.hexdigest(), "size": size})


async def main(request: Request) -> Response:
    match request.url.path.split("/")[2:]:
        case ["pour", megabytes]:
            return StreamingResponse(pour(int(megabytes)))
        case ["events"]:
            return StreamingResponse(tell(), media_type="text/event-stream")
        case ["endless"]:
            return StreamingResponse(stream_until_the_client_leaves())
        case ["leaves"]:
            return await wait_for_the_client_to_leave(request)
        case ["early"]:
            return Response("early")
        case ["digest"]:
            return await digest(request)
        case ["late"]:
            await asyncio.sleep(0.5)
            return await digest(request)
        case _:
            packed = gzip.compress(await request.body(), mtime=0)
            return Response(packed, headers={"content-encoding": "gzip"})
