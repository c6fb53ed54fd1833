"""A bounded resource that callers take turns at, however much each of them asks for."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class TooManyWaitingError(Exception):
    """A caller for whom as much as is allowed waits already."""


@dataclass(slots=True)
class FairTurns:
    """At most `size` turns at once, `size_each` of a caller, of whose `waiting_each` may wait."""

    size: int
    size_each: int
    waiting_each: int
    _running: dict[str, int] = field(default_factory=dict[str, int], init=False)
    _waiting: "OrderedDict[str, deque[asyncio.Future[None]]]" = field(
        default_factory=OrderedDict, init=False
    )

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncGenerator[None]:
        """Wait for a turn, and hold it. Raises TooManyWaitingError."""
        await self._wait(caller)
        try:
            yield
        finally:
            self._end(caller)

    async def _wait(self, caller: str) -> None:
        queue = self._waiting.setdefault(caller, deque())
        if len(queue) >= self.waiting_each:
            raise TooManyWaitingError
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        self._start_next()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._end(caller)  # its turn came together with the cancellation
            elif caller in self._waiting and mine in self._waiting[caller]:
                self._forget(caller, mine)
            raise

    def _start_next(self) -> None:
        """Give free turns to callers in order; one that got a turn goes to the end."""
        while sum(self._running.values()) < self.size:
            ready = (each for each in self._waiting if self._may_start(each))
            caller = next(ready, None)
            if caller is None:
                return
            future = self._waiting[caller][0]
            self._forget(caller, future)
            if caller in self._waiting:
                self._waiting.move_to_end(caller)
            self._running[caller] = self._running.get(caller, 0) + 1
            future.set_result(None)

    def _may_start(self, caller: str) -> bool:
        return bool(self._waiting[caller]) and self._running.get(caller, 0) < self.size_each

    def _forget(self, caller: str, future: "asyncio.Future[None]") -> None:
        self._waiting[caller].remove(future)
        if not self._waiting[caller]:
            del self._waiting[caller]

    def _end(self, caller: str) -> None:
        self._running[caller] -= 1
        if not self._running[caller]:
            del self._running[caller]
        self._start_next()
