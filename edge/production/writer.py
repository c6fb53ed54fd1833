"""Writes log lines to standard output on a thread; several processes share it, line by line."""

import fcntl
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from edge.logs.queue import BatchQueue
from edge.operating_system import open_anonymous_file
from edge.production.cloud_logging import render_remark

Render = Callable[[], bytes]
_MAX_LINES: Final = 10_000


def open_lock() -> int:
    """Open an anonymous file that processes lock in turn; call it before they are forked."""
    return open_anonymous_file("edge-log-lock")


def write_whole(out: int, lock: int, lines: Sequence[bytes]) -> None:
    """Write the lines with no bytes of another process between them."""
    data = memoryview(b"".join(lines))
    with suppress(OSError):  # functions are served although standard output was closed
        fcntl.lockf(lock, fcntl.LOCK_EX)
        try:
            while data:
                data = data[os.write(out, data) :]
        finally:
            fcntl.lockf(lock, fcntl.LOCK_UN)


@dataclass(slots=True)
class LineWriter:
    """Renders and writes lines in order, on a thread.

    Beyond a bounded number of waiting lines, more are dropped and their number is logged.
    """

    out: int
    lock: int
    _queue: BatchQueue[Render] = field(init=False)

    def __post_init__(self) -> None:
        self._queue = BatchQueue(
            "log-writer",
            self._write,
            self._report,
            max_size=_MAX_LINES,
            batch_size=64,
            batch_seconds=0.02,
            close_seconds=3.0,
        )

    def start(self) -> None:
        self._queue.start()

    def put(self, render: Render) -> None:
        """Queue a line; `render` is called on the thread."""
        self._queue.put(render)

    def close(self) -> None:
        """Write what is left, for a few seconds at most."""
        self._queue.close()

    def _report(self, dropped: Mapping[str, int], _is_last: bool) -> list[Render]:
        count, now = sum(dropped.values()), time.time()
        text = f"{count} lines are missing here: standard output is too slow"
        return [lambda: render_remark("WARNING", text, now)] if count else []

    def _write(self, batch: Sequence[Render]) -> None:
        write_whole(self.out, self.lock, [render() for render in batch])
