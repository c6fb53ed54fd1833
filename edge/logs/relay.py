"""Carries events from the event loop's thread to one of its own, where writing may take long."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.events import Event
from edge.logs.backlog import Backlog, Stamped
from edge.logs.gathering import Gathering

_GATHERING_SECONDS: Final = 0.05
_CLOSING_SECONDS: Final = 5.0
_SLICE: Final = 32
_YIELD_SECONDS: Final = 0.0005

Write = Callable[[Sequence[Stamped]], None]


@dataclass(slots=True)
class Relay:
    """An observer that costs the event loop a list append; `write` is called in small batches,
    a twentieth of a second later at least, and must not raise."""

    write: Write
    backlog: Backlog = field(default_factory=Backlog)
    _gathering: Gathering = field(init=False)

    def __post_init__(self) -> None:
        self._gathering = Gathering(
            "log-relay", self._deliver, _GATHERING_SECONDS, _CLOSING_SECONDS, self._patience
        )

    def __call__(self, event: Event) -> None:
        self.backlog.offer(event, time.time())
        self._gathering.wake()

    def start(self) -> None:
        self._gathering.start()

    def close(self) -> None:
        """Write what is left, for a few seconds at most; what comes later is not heard."""
        self._gathering.close()

    def _deliver(self, is_last: bool) -> None:
        batch = self.backlog.take(time.time(), is_last=is_last)
        for start in range(0, len(batch), _SLICE):
            if start:
                # A system call alone would not do: this thread would have the interpreter back
                # before the event loop woke, which then waits for whole switch intervals.
                self._gathering.pause(_YIELD_SECONDS)
            self.write(batch[start : start + _SLICE])

    def _patience(self) -> float | None:
        """How long to sleep if nothing happens: for ever, unless a report is due."""
        due = self.backlog.next_due()
        return None if due is None else max(due - time.time(), 0.0)
