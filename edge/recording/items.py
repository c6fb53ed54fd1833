"""What goes from the event loop to the writer's thread."""

from dataclasses import dataclass
from typing import Any

from edge.events import Level, RequestServed
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


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A line that a service of the stack, or Postgres, has written, in which request if known."""

    time: float
    source: str
    level: Level
    text: str
    request_id: str = ""


Item = Capture | TimestampedEvent | Refused | Counts | ServiceLine
