"""Counts of calls by function and minute: exact, also of those that are not recorded."""

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Final

from edge.events import RequestServed

BOUNDS_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)


@dataclass(slots=True)
class _Calls:
    calls: int = 0
    errors: int = 0
    cold: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))


@dataclass(slots=True)
class CallCounts:
    """What is not stored yet; `add` on the event loop, `take` on another thread."""

    _counts: dict[tuple[str, int], _Calls] = field(
        default_factory=dict[tuple[str, int], _Calls], init=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add(self, event: RequestServed) -> bool:
        """Count a call; returns whether it is the first since `take`."""
        key = (event.slug, int(time.time() // 60))
        with self._lock:
            is_first = not self._counts
            counts = self._counts.get(key)
            if counts is None:
                counts = self._counts[key] = _Calls()
            counts.calls += 1
            counts.errors += event.status >= 500
            counts.cold += event.is_cold
            counts.durations[bisect_left(BOUNDS_MS, event.duration_ms)] += 1
        return is_first

    @property
    def is_empty(self) -> bool:
        return not self._counts

    def take(self) -> list[tuple[Any, ...]]:
        """Remove all counts; returns them as rows."""
        with self._lock:
            taken, self._counts = self._counts, {}
        return [
            (slug, minute * 60, c.calls, c.errors, c.cold, c.durations)
            for (slug, minute), c in taken.items()
        ]
