"""Answers after its time limit unless told how long to take."""

import asyncio

from starlette.requests import Request


async def main(request: Request) -> str:
    await asyncio.sleep(float(request.query_params.get("seconds", "3")))
    return "done"
