"""Starts a process and forgets it."""

import os
import subprocess

from starlette.requests import Request


async def main(_request: Request) -> dict[str, int]:
    child = subprocess.Popen(["sleep", "300"])  # noqa: ASYNC220
    return {"pid": os.getpid(), "child": child.pid}
