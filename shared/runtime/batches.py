"""Work in batches: a few batches at once, and what comes meanwhile in the next ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Gives `send` what was added, at once or together; used by one event loop.

    At most `most` in a batch, `at_once` batches at a time. `send` reports errors to those concerned
    itself.
    """

    def __init__(
        self, send: Callable[[Sequence[T]], Awaitable[None]], *, most: int, at_once: int
    ) -> None:
        self._send = send
        self._most = most
        self._at_once = at_once
        self._waiting: list[T] = []
        self._senders = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the event loop keeps no reference to them

    def add(self, item: T) -> None:
        """Send the item with the next batch."""
        self._waiting.append(item)
        if self._senders < self._at_once:
            self._senders += 1
            task = asyncio.create_task(self._send_waiting())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_waiting(self) -> None:
        try:
            await asyncio.sleep(0)  # for tasks that are about to add something too
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._send(batch)
                await asyncio.sleep(0)
        finally:  # at once: a callback of the task would miss what is added before it is called
            self._senders -= 1
