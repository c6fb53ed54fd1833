"""Limits the number of jobs that a worker process runs at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Claim = TypeVar("Claim")
Claimed = TypeVar("Claimed")


@dataclass(slots=True)
class JobSlots(Generic[Claim]):
    """`capacity` slots; a slot that finishes its job claims the next queued one.

    `stopping` is set when the worker shuts down: no further job starts.
    """

    capacity: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _used: int = field(default=0, init=False)
    _is_notified: bool = field(default=False, init=False)

    @property
    def has_free_slot(self) -> bool:
        return self._used < self.capacity and not self.stopping.is_set()

    def notify(self) -> None:
        """Report that a job was queued while no slot was free."""
        self._is_notified = True

    async def reserve(
        self, claim: Awaitable[Claimed], is_claimed: Callable[[Claimed], bool]
    ) -> Claimed:
        """Take a slot, then await `claim`, so that concurrent requests do not exceed the capacity.

        The slot is freed again if nothing was claimed; else `run` frees it.
        """
        self._used += 1
        claimed = False
        try:
            result = await claim
            claimed = is_claimed(result)
        finally:
            if not claimed:
                self._used -= 1
        return result

    async def run(
        self,
        first: Claim,
        run_job: Callable[[Claim], Awaitable[None]],
        claim_next: Callable[[], Awaitable[Claim | None]],
    ) -> None:
        """Run a claimed job in its reserved slot, then queued ones until none is left."""
        try:
            await run_job(first)
            while following := await self._claim_next(claim_next):
                await run_job(following)
        finally:
            self._used -= 1

    async def _claim_next(self, claim_next: Callable[[], Awaitable[Claim | None]]) -> Claim | None:
        """Return None only if no job was queued during the query; otherwise it could be missed."""
        while self._used <= self.capacity and not self.stopping.is_set():
            self._is_notified = False
            claim = await claim_next()
            if claim or not self._is_notified:
                return claim
        return None
