"""What goes from the event loop to the writer's thread."""

from dataclasses import dataclass
from typing import Any

from edge.events import RequestServed
from edge.logs.queue import TimestampedEvent
from edge.recording.capture import Capture


@dataclass(frozen=True, slots=True)
class Refused:
    """A failed request, answered at `time`, of which only the row is kept."""

    event: RequestServed
    time: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of calls by function and minute."""

    rows: list[tuple[Any, ...]]


Item = Capture | TimestampedEvent | Refused | Counts
