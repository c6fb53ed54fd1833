"""Waits until the client has left, and says so."""

import asyncio

from starlette.requests import Request


async def main(request: Request) -> str:
    print("waiting for the client to leave")  # noqa: T201
    while not await request.is_disconnected():  # noqa: ASYNC110 - what functions do
        await asyncio.sleep(0.02)
    print("the client has left")  # noqa: T201
    return "nobody reads this"
