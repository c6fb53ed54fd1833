"""Ends its process, or tries to: how is named in the query."""

import asyncio
import ctypes
import os
import signal
import threading
from collections.abc import Callable

from starlette.requests import Request


def raise_exit() -> None:
    raise SystemExit(3)


def raise_interrupt() -> None:
    raise KeyboardInterrupt


def raise_in_task() -> None:
    async def stop() -> None:
        raise SystemExit(3)

    asyncio.get_running_loop().create_task(stop())


def raise_in_thread() -> None:
    thread = threading.Thread(target=raise_exit)
    thread.start()
    thread.join()


WAYS: dict[str, Callable[[], object]] = {
    "exit": lambda: os._exit(0),
    "system_exit": raise_exit,
    "interrupt": raise_interrupt,
    "exit_in_task": raise_in_task,
    "exit_in_thread": raise_in_thread,
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "terminate": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "loop_stops": lambda: asyncio.get_running_loop().stop(),
    "closes_all": lambda: os.closerange(3, 1024),
    "closes_output": lambda: os.closerange(0, 3),
}


async def main(request: Request) -> str:
    if wish := request.query_params.get("do"):
        WAYS[wish]()
        await asyncio.sleep(float(request.query_params.get("seconds", "0")))
    return str(os.getpid())
