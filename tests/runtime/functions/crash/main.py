"""Dies in the middle of a request when asked to."""

import os

from starlette.requests import Request


async def main(request: Request) -> str:
    if (await request.body()) == b"die":
        os._exit(7)
    return str(os.getpid())
