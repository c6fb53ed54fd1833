"""What has happened and is not yet written: bounded in size and rate, counting what it refuses."""

import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from edge.events import BootFailure, Event, LogLine
from edge.logs.rate import RateLimiter

_COST_OF_EVENT: Final = 200


class DropCause(StrEnum):
    """Why lines of a function were not kept."""

    RATE = "more than its rate"
    OVERFLOW = "faster than they can be written"
    STORAGE = "the log file could not be written"


@dataclass(frozen=True, slots=True)
class LinesDropped:
    """So many lines of a function are missing here."""

    slug: str
    count: int
    cause: DropCause


@dataclass(frozen=True, slots=True)
class Stamped:
    """Something that happened, and when in seconds since the epoch."""

    time: float
    event: Event | LinesDropped


@dataclass(slots=True)
class Backlog:
    """Filled by one thread and emptied by another.

    When full it refuses lines first, since a function can make any number of them; the platform's
    own events only at twice the size.
    """

    limiter: RateLimiter | None = None
    max_chars: int = 4_000_000
    _waiting: list[Stamped] = field(default_factory=list[Stamped], init=False)
    _chars: int = field(default=0, init=False)
    _overflow: Counter[str] = field(default_factory=Counter[str], init=False)
    _dropped: Counter[str] = field(default_factory=Counter[str], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def offer(self, event: Event, now: float) -> None:
        """Keep the event, or count it as refused."""
        with self._lock:
            if not isinstance(event, LogLine) or self._is_within_rate(event.slug, now):
                self._add(event, now)
            else:
                self._dropped[event.slug] += 1

    def take(self, now: float, *, is_last: bool = False) -> list[Stamped]:
        """Everything that waits, then reports of what was refused; the last time, of all of it."""
        with self._lock:
            taken, self._waiting, self._chars = self._waiting, [], 0
            overflow, self._overflow = self._overflow, Counter()
            until = math.inf if is_last else now
            beyond_rate = self.limiter.collect(until) if self.limiter else Counter[str]()
        return [
            *taken,
            *_reports(overflow, DropCause.OVERFLOW, now),
            *_reports(beyond_rate, DropCause.RATE, now),
        ]

    def next_due(self) -> float | None:
        """When there will be a report to take although nothing more happens."""
        with self._lock:
            return self.limiter.next_due() if self.limiter else None

    def add_lost(self, lost: Mapping[str, int]) -> None:
        """Count lines that were taken and could not be written."""
        with self._lock:
            self._dropped.update(lost)

    def dropped_lines(self) -> dict[str, int]:
        """All lines that were not kept, by function."""
        with self._lock:
            return dict(self._dropped)

    def _is_within_rate(self, slug: str, now: float) -> bool:
        return self.limiter is None or self.limiter.admit(slug, now)

    def _add(self, event: Event, now: float) -> None:
        is_line = isinstance(event, LogLine)
        cost = _cost(event)
        if self._chars + cost <= self.max_chars * (1 if is_line else 2):
            self._chars += cost
            self._waiting.append(Stamped(now, event))
        elif is_line:
            self._overflow[event.slug] += 1
            self._dropped[event.slug] += 1


def _cost(event: Event) -> int:
    if isinstance(event, LogLine):
        return _COST_OF_EVENT + len(event.text)
    return _COST_OF_EVENT + (len(event.message) if isinstance(event, BootFailure) else 0)


def _reports(counts: Mapping[str, int], cause: DropCause, time: float) -> list[Stamped]:
    return [Stamped(time, LinesDropped(slug, count, cause)) for slug, count in counts.items()]
