"""Keeps everything that happens in rotated files, without making the event loop wait for a disk."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.events import Event, LogLine
from edge.logs.backlog import Backlog, DropCause, LinesDropped, Stamped
from edge.logs.description import describe
from edge.logs.entry import render_entry
from edge.logs.files import RotatingFile
from edge.logs.rate import LineRate, RateLimiter
from edge.logs.relay import Relay


@dataclass(slots=True)
class LogStore:
    """An observer that writes events to `folder`; `rate` bounds the lines of each function.

    Call `start` before the first event, and `close` after the last.
    """

    folder: Path
    rate: LineRate | None = None
    _file: RotatingFile = field(init=False)
    _relay: Relay = field(init=False)
    _lost: Counter[str] = field(default_factory=Counter[str], init=False)

    def __post_init__(self) -> None:
        self._file = RotatingFile(self.folder)
        self._relay = Relay(self._write, Backlog(RateLimiter(self.rate) if self.rate else None))

    def __call__(self, event: Event) -> None:
        self._relay(event)

    def start(self) -> None:
        self._relay.start()

    def close(self) -> None:
        self._relay.close()
        self._file.close()

    def dropped_lines(self) -> dict[str, int]:
        """Lines that were not kept, by function."""
        return self._relay.backlog.dropped_lines()

    def _write(self, batch: Sequence[Stamped]) -> None:
        try:
            self._file.append(render_entry(describe(stamped)) for stamped in batch)
        except OSError:
            self._count_lost(batch)
        if self._lost:
            self._report_lost(batch[-1].time)

    def _count_lost(self, batch: Sequence[Stamped]) -> None:
        lost = Counter(s.event.slug for s in batch if isinstance(s.event, LogLine))
        self._lost.update(lost)
        self._relay.backlog.add_lost(lost)

    def _report_lost(self, time: float) -> None:
        """Say so in the log as soon as it can be written again."""
        reports = [
            render_entry(describe(Stamped(time, LinesDropped(slug, count, DropCause.STORAGE))))
            for slug, count in self._lost.items()
        ]
        try:
            self._file.append(reports)
        except OSError:
            return
        self._lost.clear()
