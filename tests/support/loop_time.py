"""How long an event loop was busy at a time, in time of its processor: load elsewhere adds none."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")
_PAUSE = 0.001


async def longest_step(work: Coroutine[Any, Any, R]) -> tuple[R, float]:
    """Return what the work returns, and the most seconds between two turns of others."""
    longest, before = 0.0, time.thread_time()

    async def watch() -> None:
        nonlocal longest, before
        while True:
            await asyncio.sleep(_PAUSE)
            now = time.thread_time()
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
