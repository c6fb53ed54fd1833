"""One request at a time in a worker, three workers at most."""

import asyncio
import os

from starlette.requests import Request


async def main(request: Request) -> str:
    await asyncio.sleep(float(request.query_params.get("seconds", "0.3")))
    return str(os.getpid())
