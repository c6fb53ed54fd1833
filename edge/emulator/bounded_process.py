"""Calls in a process of its own, which ends with a call that takes too long or too much memory."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from edge.emulator.memory_bound import within_memory
from edge.operating_system import limit_data

R = TypeVar("R")

_CALLS_PER_PROCESS: Final = 200
_NICENESS: Final = 5


class ProcessEndedError(Exception):
    """A call whose process had to be ended, or died of it."""


@dataclass(slots=True)
class BoundedProcess:
    """One process, started by its first call. A call is at most `seconds` long."""

    seconds: float
    memory: int
    _pool: ProcessPoolExecutor | None = field(default=None, init=False)

    async def call(self, function: Callable[..., R], *args: Any) -> R:
        """Return what a function of a module returns there. Raises ProcessEndedError, and its."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1,
                multiprocessing.get_context("spawn"),
                initializer=_limit,
                initargs=(self.memory,),
                max_tasks_per_child=_CALLS_PER_PROCESS,
            )
        try:
            work = asyncio.get_running_loop().run_in_executor(self._pool, function, *args)
            bounded = within_memory(work, self._pids, self.memory)
            return await asyncio.wait_for(bounded, self.seconds)
        except (BrokenProcessPool, TimeoutError, MemoryError) as exc:
            self.close()
            raise ProcessEndedError from exc

    def _pids(self) -> Iterable[int]:
        return list((self._pool and self._pool._processes) or ())  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        """End the process, also during a call; the next call starts another."""
        pool, self._pool = self._pool, None
        if pool:
            for process in list((pool._processes or {}).values()):  # pyright: ignore[reportPrivateUsage]
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def _limit(memory: int) -> None:
    """Bound the process's memory, and let the server's event loop go first."""
    limit_data(memory)
    os.nice(_NICENESS)
