"""Takes memory or CPU, as much as it is asked to."""

import asyncio
import os
import time

from starlette.requests import Request

KEPT: list[bytes] = []


async def main(request: Request) -> str:
    query = request.query_params
    KEPT.append(os.urandom(1 << 20) * int(query.get("mb", "0")))
    end = time.process_time() + float(query.get("cpu", "0"))
    while time.process_time() < end:
        pass
    await asyncio.sleep(float(query.get("sleep", "0")))
    return str(os.getpid())
