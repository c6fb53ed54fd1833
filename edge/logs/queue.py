"""Bounded log queue: `put` never blocks, a thread writes batches, dropped items are counted."""

import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar

from edge.events import BootFailure, Event, LogLine
from edge.logs.line import size_of
from edge.logs.rate_limit import LineRate, RateLimiter

_LOG: Final = logging.getLogger(__name__)
_EVENT_SIZE: Final = 200
_YIELD_SECONDS: Final = 0.0005

Item = TypeVar("Item")


class DropCause(StrEnum):
    """Why lines of a function were not kept."""

    RATE = "more than its rate"
    OVERFLOW = "faster than they can be written"
    STORAGE = "the log file could not be written"


@dataclass(frozen=True, slots=True)
class LinesDropped:
    """Number of lines of a function that are missing at this place of the log."""

    slug: str
    count: int
    cause: DropCause


@dataclass(frozen=True, slots=True)
class TimestampedEvent:
    """An event, and when it happened in seconds since the epoch."""

    time: float
    event: Event | LinesDropped


def _never() -> float | None:
    return None


@dataclass(slots=True)
class BatchQueue(Generic[Item]):
    """Passes items to `write` in batches, on a daemon thread, and once more when it closes.

    Each `put` adds the item's size; beyond `max_size` items are dropped and counted by source.
    `report` turns those counts into items of the same batch; its second argument is True the last
    time. `next_report` returns the seconds until a batch is due although nothing is put; None
    waits for the next `put` or `wake`. A batch for which `write` raises is logged and given up.
    """

    name: str
    write: Callable[[Sequence[Item]], None]
    report: Callable[[Mapping[str, int], bool], Sequence[Item]]
    max_size: int
    batch_size: int
    batch_seconds: float
    close_seconds: float
    next_report: Callable[[], float | None] = _never
    _items: deque[Item] = field(default_factory=deque[Item], init=False)
    _size: int = field(default=0, init=False)
    _dropped: Counter[str] = field(default_factory=Counter[str], init=False)
    _is_woken: bool = field(default=False, init=False)
    _is_closing: bool = field(default=False, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        # A daemon: an output that is never read must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def put(self, item: Item, *, source: str = "", size: int = 1, max_size: int = 0) -> bool:
        """Append the item; returns False if it was dropped. `max_size` replaces the queue's."""
        with self._changed:
            is_kept = self._size + size <= (max_size or self.max_size)
            if is_kept:
                self._items.append(item)
                self._size += size
            else:
                self._dropped[source] += 1
            self._wake()
        return is_kept

    def wake(self) -> None:
        """Wake the thread, which calls `report` and `next_report` again."""
        with self._changed:
            self._wake()

    def take(self) -> tuple[list[Item], Counter[str]]:
        """Remove all items; returns them and the number of drops by source since the last time."""
        with self._changed:
            items, self._items, self._size = list(self._items), deque(), 0
            dropped, self._dropped = self._dropped, Counter()
        return items, dropped

    def close(self) -> None:
        """Write what is left, for `close_seconds` at most; later items are never written."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join(self.close_seconds)

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._changed.notify_all()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._wait()
            items, dropped = self.take()
            try:
                self._write_batches([*items, *self.report(dropped, is_last)])
            except Exception:
                _LOG.exception("%s: what happened is not written", self.name)

    def _wait(self) -> bool:
        """Wait until a batch has gathered; returns True if the queue is closing."""
        patience = self.next_report()  # before the lock is held: `report` may take others
        with self._changed:
            self._changed.wait_for(lambda: self._is_woken or self._is_closing, patience)
            self._changed.wait_for(lambda: self._is_closing, self.batch_seconds)
            self._is_woken = False
            return self._is_closing

    def _write_batches(self, items: Sequence[Item]) -> None:
        for start in range(0, len(items), self.batch_size):
            if start:
                # A system call alone would not do: this thread would have the interpreter back
                # before the event loop woke, which then waits for whole switch intervals.
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closing, _YIELD_SECONDS)
            self.write(items[start : start + self.batch_size])


@dataclass(slots=True)
class EventQueue:
    """An observer that passes events to `write`, a twentieth of a second later at least.

    When it is full, lines are dropped first, since a function can write any number of them; the
    platform's own events only at twice the size. `rate` bounds the lines of each function.
    """

    write: Callable[[Sequence[TimestampedEvent]], None]
    rate: LineRate | None = None
    max_chars: int = 4_000_000
    _queue: BatchQueue[TimestampedEvent] = field(init=False)
    _limiter: RateLimiter | None = field(init=False)
    _dropped: Counter[str] = field(default_factory=Counter[str], init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._limiter = RateLimiter(self.rate) if self.rate else None
        self._queue = BatchQueue(
            "log-queue",
            self.write,
            lambda overflow, is_last: self._report(overflow, time.time(), is_last=is_last),
            max_size=self.max_chars,
            batch_size=32,
            batch_seconds=0.05,
            close_seconds=5.0,
            next_report=self._seconds_to_report,
        )

    def __call__(self, event: Event) -> None:
        self.put(event, time.time())

    def start(self) -> None:
        self._queue.start()

    def close(self) -> None:
        """Write what is left, for a few seconds at most; later events are ignored."""
        self._queue.close()

    def put(self, event: Event, now: float) -> None:
        """Queue the event, or count it as dropped."""
        stamped = TimestampedEvent(now, event)
        if not isinstance(event, LogLine):
            self._queue.put(stamped, size=_size(event), max_size=2 * self.max_chars)
        elif not self._is_within_rate(event.slug, now):
            self.add_dropped({event.slug: 1})
            self._queue.wake()
        elif not self._queue.put(stamped, source=event.slug, size=_size(event)):
            self.add_dropped({event.slug: 1})

    def take(self, now: float, *, is_last: bool = False) -> list[TimestampedEvent]:
        """Remove all events, followed by reports of drops; the last time, of unfinished windows."""
        events, overflow = self._queue.take()
        return [*events, *self._report(overflow, now, is_last=is_last)]

    def next_report_at(self) -> float | None:
        """Return when a report of drops is due without a further line."""
        with self._lock:
            return self._limiter.next_due() if self._limiter else None

    def add_dropped(self, counts: Mapping[str, int]) -> None:
        """Add lines of functions to the total of `dropped_lines`."""
        with self._lock:
            self._dropped.update(counts)

    def dropped_lines(self) -> dict[str, int]:
        """Count the dropped lines by function."""
        with self._lock:
            return dict(self._dropped)

    def _is_within_rate(self, slug: str, now: float) -> bool:
        with self._lock:
            return self._limiter is None or self._limiter.admit(slug, now)

    def _report(
        self, overflow: Mapping[str, int], now: float, *, is_last: bool
    ) -> list[TimestampedEvent]:
        with self._lock:
            until = math.inf if is_last else now
            beyond_rate = self._limiter.collect(until) if self._limiter else Counter[str]()
        causes = ((DropCause.OVERFLOW, overflow), (DropCause.RATE, beyond_rate))
        return [
            TimestampedEvent(now, LinesDropped(slug, count, cause))
            for cause, counts in causes
            for slug, count in counts.items()
            if slug
        ]

    def _seconds_to_report(self) -> float | None:
        due = self.next_report_at()
        return None if due is None else max(due - time.time(), 0.0)


def _size(event: Event) -> int:
    if isinstance(event, LogLine):
        return _EVENT_SIZE + size_of(event)
    return _EVENT_SIZE + (len(event.message) if isinstance(event, BootFailure) else 0)
