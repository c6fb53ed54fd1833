"""A fresh worker for each request."""

import os

from starlette.requests import Request

COUNT = 0


async def main(_request: Request) -> dict[str, int]:
    global COUNT
    COUNT += 1
    return {"pid": os.getpid(), "count": COUNT}
