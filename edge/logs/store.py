"""Writes all events to rotated files on a thread, so that no disk blocks the event loop."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.events import Event, LogLine
from edge.logs.description import describe
from edge.logs.entry import render_entry
from edge.logs.files import RotatingFile
from edge.logs.queue import DropCause, EventQueue, LinesDropped, TimestampedEvent
from edge.logs.rate_limit import LineRate


@dataclass(slots=True)
class LogStore:
    """An observer that writes events to `folder`; `rate` bounds the lines of each function.

    Call `start` before the first event, and `close` after the last.
    """

    folder: Path
    rate: LineRate | None = None
    _file: RotatingFile = field(init=False)
    _queue: EventQueue = field(init=False)
    _lost: Counter[str] = field(default_factory=Counter[str], init=False)

    def __post_init__(self) -> None:
        self._file = RotatingFile(self.folder)
        self._queue = EventQueue(self._write, self.rate)

    def __call__(self, event: Event) -> None:
        self._queue(event)

    def start(self) -> None:
        self._queue.start()

    def close(self) -> None:
        self._queue.close()
        self._file.close()

    def dropped_lines(self) -> dict[str, int]:
        """Return the number of lines that were not kept, by function."""
        return self._queue.dropped_lines()

    def _write(self, batch: Sequence[TimestampedEvent]) -> None:
        try:
            self._file.append(render_entry(describe(queued)) for queued in batch)
        except OSError:
            self._count_lost(batch)
        if self._lost:
            self._report_lost(batch[-1].time)

    def _count_lost(self, batch: Sequence[TimestampedEvent]) -> None:
        lost = Counter(q.event.slug for q in batch if isinstance(q.event, LogLine))
        self._lost.update(lost)
        self._queue.add_dropped(lost)

    def _report_lost(self, time: float) -> None:
        """Report the lost lines as soon as the file can be written again."""
        reports = [
            TimestampedEvent(time, LinesDropped(slug, count, DropCause.STORAGE))
            for slug, count in self._lost.items()
        ]
        try:
            self._file.append(render_entry(describe(report)) for report in reports)
        except OSError:
            return
        self._lost.clear()
