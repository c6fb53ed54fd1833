"""Dies in the middle of a request, or waits to be killed, when asked to."""

import asyncio
import os

from starlette.requests import Request


async def main(request: Request) -> str:
    wish = await request.body()
    if wish == b"die":
        os._exit(7)
    if wish == b"wait":
        print(f"{os.getpid()} waits")  # noqa: T201
        await asyncio.sleep(10)
    return str(os.getpid())
