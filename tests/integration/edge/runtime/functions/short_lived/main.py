"""Its workers live for a moment only."""

import asyncio
import os

from starlette.requests import Request


async def main(request: Request) -> str:
    await asyncio.sleep(float(request.query_params.get("sleep", "0")))
    return str(os.getpid())
