"""State of one phone call: its request, its planned outcome, its progress."""

from dataclasses import dataclass, field
from typing import Any

from edge.emulator.providers.retell.call_end import CallEnd, CallStatus
from edge.emulator.providers.retell.call_request import CallRequest
from edge.emulator.providers.retell.outcome import Outcome


@dataclass(slots=True)
class Call:
    """A call; times are epoch milliseconds of the simulated clock.

    `nth` counts earlier calls to the same number; `end` is None until the call is over.
    """

    call_id: str
    request: CallRequest
    outcome: Outcome
    created_ms: int
    nth: int = 0
    batch_call_id: str | None = None
    metadata: Any = field(init=False)
    status: CallStatus = CallStatus.REGISTERED
    end: CallEnd | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    is_analyzed: bool = False
    leaks_slot: bool = False

    def __post_init__(self) -> None:
        self.metadata = self.request.metadata

    @property
    def label(self) -> str:
        """Key that is equal for the same call of another run with the same seed."""
        return f"{self.request.to_number}:{self.nth}"

    @property
    def duration_ms(self) -> int:
        """Return the length of the conversation; 0 if the call is not connected or not over."""
        if self.started_ms is None or self.ended_ms is None:
            return 0
        return self.ended_ms - self.started_ms

    @property
    def is_open(self) -> bool:
        return self.end is None
