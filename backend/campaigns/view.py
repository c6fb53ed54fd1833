"""Terminal view of a running campaign: counts, contacts a minute, a bar for each outcome."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from backend.campaigns.client import Progress

_WINDOW: Final = 20.0
_BAR_WIDTH: Final = 32
_STYLES: Final = {
    "connected": "green",
    "successful": "cyan",
    "voicemail": "yellow",
    "failed": "red",
}


@dataclass(slots=True)
class Pace:
    """Contacts processed a minute over the last 20 s; never negative when contacts are retried."""

    clock: Callable[[], float] = time.monotonic
    _seen: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])

    def add(self, processed: float) -> float:
        """Record the count as of now and return contacts a minute."""
        now = self.clock()
        self._seen.append((now, processed))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        began, before = self._seen[0]
        return max(processed - before, 0) / (now - began) * 60 if now > began else 0.0


def render_line(progress: Progress, pace: float) -> Text:
    """Render progress as one line."""
    figures = progress.figures
    return Text.assemble(
        (progress.name, "bold"), "  ", (progress.status, "bold magenta"),
        f"  {figures['processed']:,.0f} of {figures['total']:,.0f} done"
        f" · {progress.calling:,} calling · {progress.pending:,} waiting · {pace:,.0f} a minute",
    )  # fmt: skip


def render(progress: Progress, pace: float) -> Group:
    """Render one frame: the line, bars, minutes and cost."""
    figures = progress.figures
    bars = Table.grid("", "", Column(justify="right"), padding=(0, 1))
    for name, done, style in _bars(figures):
        total = max(figures["total"], 1)
        bar = ProgressBar(total, done, width=_BAR_WIDTH, complete_style=style)
        bars.add_row(f"  {name}", bar, f"{done:,.0f}")
    talked = (
        f"  {figures['duration_ms'] / 60_000:,.1f} minutes, ${figures['cost_cents'] / 100:,.2f}"
    )
    reason = [Text(f"  {progress.reason}", "yellow")] if progress.reason else []
    return Group(render_line(progress, pace), bars, Text(talked, "dim"), *reason)


def _bars(figures: Any) -> Iterator[tuple[str, float, str]]:
    yield "done", figures["processed"], "white"
    for name, style in _STYLES.items():
        yield name, figures[name], style


def as_document(progress: Progress) -> dict[str, Any]:
    """Render progress as JSON for a script."""
    return asdict(progress)
