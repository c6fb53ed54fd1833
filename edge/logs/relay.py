"""Carries events from the event loop's thread to one of its own, where writing may take long."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.events import Event
from edge.logs.backlog import Backlog, Stamped

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
    _wake: threading.Event = field(default_factory=threading.Event, init=False)
    _closing: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __call__(self, event: Event) -> None:
        self.backlog.offer(event, time.time())
        self._wake.set()

    def start(self) -> None:
        # A daemon: a terminal that nobody reads must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log-relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is left, for a few seconds at most; what comes later is not heard."""
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._patience())
            self._closing.wait(_GATHERING_SECONDS)
            self._wake.clear()
            self._deliver(self.backlog.take(time.time()))
        self._deliver(self.backlog.take(time.time(), is_last=True))

    def _deliver(self, batch: Sequence[Stamped]) -> None:
        for start in range(0, len(batch), _SLICE):
            if start:
                # A system call alone would not do: this thread would have the interpreter back
                # before the event loop woke, which then waits for whole switch intervals.
                self._closing.wait(_YIELD_SECONDS)
            self.write(batch[start : start + _SLICE])

    def _patience(self) -> float | None:
        """How long to sleep if nothing happens: for ever, unless a report is due."""
        due = self.backlog.next_due()
        return None if due is None else max(due - time.time(), 0.0)
