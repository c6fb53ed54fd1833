"""How long an event loop was busy at a time, in its own CPU time: load elsewhere adds none."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

R = TypeVar("R")
_PAUSE = 0.001


async def longest_step(
    work: Coroutine[Any, Any, R], clock: Callable[[], float] = time.thread_time
) -> tuple[R, float]:
    """Return what the work returns, and the most seconds between two turns of others."""
    longest, before = 0.0, clock()

    async def watch() -> None:
        nonlocal longest, before
        while True:
            await asyncio.sleep(_PAUSE)
            now = clock()
            longest, before = max(longest, now - before), now

    watching = asyncio.create_task(watch())
    try:
        await asyncio.sleep(2 * _PAUSE)
        longest = 0.0
        found = await work
        await asyncio.sleep(2 * _PAUSE)
        return found, longest
    finally:
        watching.cancel()
