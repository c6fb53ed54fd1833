"""One phone call: what was asked for, what will become of it, and how far it has come."""

from dataclasses import dataclass, field
from typing import Any

from edge.emulator.providers.retell.call_request import CallRequest
from edge.emulator.providers.retell.ending import CallStatus, Ending
from edge.emulator.providers.retell.outcome import Outcome


@dataclass(slots=True)
class Call:
    """Moments are milliseconds of the calls' clock."""

    call_id: str
    request: CallRequest
    outcome: Outcome
    created_ms: int
    nth: int = 0
    batch_call_id: str | None = None
    metadata: Any = field(init=False)
    status: CallStatus = CallStatus.REGISTERED
    ending: Ending | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    is_analyzed: bool = False
    leaks_slot: bool = False

    def __post_init__(self) -> None:
        self.metadata = self.request.metadata

    @property
    def label(self) -> str:
        """What stays the same when the same numbers are called again with the same seed."""
        return f"{self.request.to_number}:{self.nth}"

    @property
    def duration_ms(self) -> int:
        """How long it was talked, as far as it was."""
        if self.started_ms is None or self.ended_ms is None:
            return 0
        return self.ended_ms - self.started_ms

    @property
    def is_open(self) -> bool:
        return self.ending is None
