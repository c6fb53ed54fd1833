"""Bounds the memory of processes, by measuring it, where the system does not bound it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from edge.operating_system import IS_LINUX, resident_bytes

R = TypeVar("R")
_GLANCE: Final = 0.05


async def within_memory(
    work: "asyncio.Future[R]", pids: Callable[[], Iterable[int]], most: int
) -> R:
    """Return the result of what the processes do. Raises MemoryError when one holds more bytes.

    On Linux the processes have asked the kernel to refuse them more.
    """
    if IS_LINUX:
        return await work
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_GLANCE)
            if not work.done() and any(resident_bytes(pid) > most for pid in pids()):
                raise MemoryError
        return work.result()
    finally:
        work.cancel()
