"""Progress events of an extraction, for an observer such as a terminal or a socket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Stage = Literal["transcript_processing", "structured_data", "voice_prompt"]


@dataclass(frozen=True, slots=True)
class StageStarted:
    """The stage's function is being called."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class StageRetried:
    """The call failed with a transient error; attempt number `attempt` follows."""

    stage: Stage
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class StageSucceeded:
    """The function returned `result`."""

    stage: Stage
    duration_ms: int
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StageFailed:
    """The stage failed permanently; results of earlier stages stay stored."""

    stage: Stage
    duration_ms: int
    message: str
    code: str


Event = StageStarted | StageRetried | StageSucceeded | StageFailed
Observer = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Ignore the event."""
