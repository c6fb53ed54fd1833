"""Writes lines to standard output from a thread, whole although several processes share it."""

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from edge.logs.gathering import Gathering
from edge.production.cloud_logging import render_remark

Render = Callable[[], bytes]
_MOST_WAITING: Final = 20_000
_BATCH: Final = 64
_GATHERING_SECONDS: Final = 0.02
_CLOSING_SECONDS: Final = 3.0


def open_lock() -> int:
    """A file of no name that processes lock in turn: make it before they are forked."""
    return os.memfd_create("edge-log-lock")


def write_whole(out: int, lock: int, lines: Sequence[bytes]) -> None:
    """Write the lines with none of another process between their bytes."""
    data = memoryview(b"".join(lines))
    with suppress(OSError):  # functions are served also when nobody reads any more
        fcntl.lockf(lock, fcntl.LOCK_EX)
        try:
            while data:
                data = data[os.write(out, data) :]
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN)


@dataclass(slots=True)
class LineWriter:
    """Renders and writes what it is given, elsewhere than on the event loop, and in order.

    When more waits than memory should be given to, lines are left out and their number is told.
    """

    out: int
    lock: int
    _waiting: deque[Render] = field(default_factory=deque[Render], init=False)
    _left_out: int = field(default=0, init=False)
    _gathering: Gathering = field(init=False)

    def __post_init__(self) -> None:
        self._gathering = Gathering(
            "log-writer", self._write_waiting, _GATHERING_SECONDS, _CLOSING_SECONDS
        )

    def start(self) -> None:
        self._gathering.start()

    def put(self, render: Render) -> None:
        """Have a line written soon."""
        if len(self._waiting) >= _MOST_WAITING:
            self._left_out += 1
            return
        self._waiting.append(render)
        self._gathering.wake()

    def close(self) -> None:
        """Write what is left, for a few seconds at most."""
        self._gathering.close()

    def _write_waiting(self, _is_last: bool) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            lines = [render() for render in batch]
            if left_out := self._left_out:
                self._left_out = 0
                text = f"{left_out} lines are missing here: standard output is too slow"
                lines.append(render_remark("WARNING", text, time.time()))
            write_whole(self.out, self.lock, lines)
