"""Answers of every shape that HTTP has, for clients that must see the same through a relay."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

RELEASED = asyncio.Event()
ABORTED = {"headers": asyncio.Event(), "stream": asyncio.Event()}
PATIENCE = 30


async def main(request: Request) -> Response:
    action = request.url.path.rpartition("/")[2]
    return await ACTIONS.get(action, describe)(request)


async def describe(request: Request) -> Response:
    """Say what of the request has arrived."""
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.scope["query_string"].decode(),
            "headers": sorted(request.headers.items()),
            "size": len(body),
            "digest": hashlib.sha256(body).hexdigest(),
        }
    )


async def status(request: Request) -> Response:
    code = int(request.query_params["code"])
    headers = {"access-control-expose-headers": "x-reason", "x-reason": "it was asked for"}
    return Response(None if code in (204, 304) else b"{}", code, headers, "application/json")


async def binary(_request: Request) -> Response:
    return Response(bytes(range(256)) * 512, media_type="application/octet-stream")


async def compressed(_request: Request) -> Response:
    return Response(
        gzip.compress(b"small " * 500),
        headers={"content-encoding": "gzip"},
        media_type="text/plain",
    )


async def cookies(_request: Request) -> Response:
    answer = PlainTextResponse("ok")
    answer.set_cookie("first", "1, 2")
    answer.set_cookie("second", "3", httponly=True)
    return answer


async def redirect(request: Request) -> Response:
    code = int(request.query_params.get("code", "302"))
    return RedirectResponse("https://elsewhere.example.com/?a=b", code)


async def events(_request: Request) -> Response:
    """Send the second event when `release` was called: a reader must have seen the first."""
    RELEASED.clear()

    async def parts() -> AsyncIterator[str]:
        yield "data: first\n\n"
        async with asyncio.timeout(PATIENCE):
            await RELEASED.wait()
        yield "data: second\n\n"

    return StreamingResponse(parts(), media_type="text/event-stream")


async def release(_request: Request) -> Response:
    RELEASED.set()
    return Response(status_code=204)


async def endless(_request: Request) -> Response:
    ABORTED["stream"].clear()

    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more "
                await asyncio.sleep(0.01)
        finally:
            ABORTED["stream"].set()

    return StreamingResponse(parts())


async def silent(request: Request) -> Response:
    """Answer nothing until the caller is gone."""
    ABORTED["headers"].clear()
    RELEASED.set()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    ABORTED["headers"].set()
    return Response()


async def started(_request: Request) -> Response:
    async with asyncio.timeout(PATIENCE):
        await RELEASED.wait()
    return Response(status_code=204)


async def aborted(request: Request) -> Response:
    async with asyncio.timeout(PATIENCE):
        await ABORTED[request.query_params["where"]].wait()
    return JSONResponse({"aborted": True})


ACTIONS = {
    each.__name__: each
    for each in (
        *(status, binary, compressed, cookies, redirect, events, release, endless, silent),
        *(started, aborted),
    )
}
