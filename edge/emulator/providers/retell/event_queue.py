"""Timed events on a simulated clock that may jump or change its rate."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.emulator.clock import Clock

Action = Callable[[], None]


@dataclass(slots=True)
class EventQueue:
    """Runs actions at their simulated time, in order; one asyncio timer waits for the next."""

    clock: Clock
    _entries: list[tuple[int, int, Action]] = field(default_factory=list[tuple[int, int, Action]])
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, moment_ms: int, action: Action) -> None:
        """Schedule an action at a simulated time in epoch milliseconds."""
        heapq.heappush(self._entries, (moment_ms, next(self._numbers), action))
        if self._entries[0][2] is action:
            self.reschedule()

    def reschedule(self) -> None:
        """Reset the timer; call this after changing the clock."""
        self.cancel()
        if self._entries:
            delay = self.clock.seconds_until(self._entries[0][0])
            self._timer = asyncio.get_running_loop().call_later(delay, self._run_due)

    def cancel(self) -> None:
        """Stop the timer until the next `add` or `reschedule`."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def clear(self) -> None:
        """Drop all events."""
        self.cancel()
        self._entries.clear()

    def _run_due(self) -> None:
        now_ms = self.clock.now_ms()
        while self._entries and self._entries[0][0] <= now_ms:
            heapq.heappop(self._entries)[2]()
        self.reschedule()
