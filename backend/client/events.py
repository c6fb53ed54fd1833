"""What happens during a run, as values for whoever watches: a terminal, a test, a socket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["transcript_processing", "structured_data", "voice_prompt"]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A function is being called."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class StageRetried:
    """It failed in a way that may pass: this is attempt number `attempt`."""

    stage: Stage
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class StageSucceeded:
    """It answered."""

    stage: Stage
    duration_ms: int
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StageFailed:
    """It failed for good; what earlier stages stored stays."""

    stage: Stage
    duration_ms: int
    message: str
    code: str


Event = StageStarted | StageRetried | StageSucceeded | StageFailed
Observer = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Watch nothing."""
