"""Work on requests whose query or headers are long: a thread does it, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from edge.emulator.rest.request.api_request import RawRequest

R = TypeVar("R")
_SHORT: Final = 1_024
"""Bytes of a head that are parsed, planned and rendered within 5 ms."""
_PARSED: Final = ("accept", "prefer")


class LongHeads:
    """One thread, so that the event loop competes with one only for the interpreter."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "rest-long-heads")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, raw: RawRequest, function: Callable[..., R], *args: object) -> R:
        """Call the function, at once if the request's head is short."""
        length = len(raw.query) + sum(len(raw.headers.get(name, "")) for name in _PARSED)
        if length <= _SHORT:
            return function(*args)
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)
