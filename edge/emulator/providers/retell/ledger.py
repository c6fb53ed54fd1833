"""What truly happened, for those who check what a client believes: requests, calls, deliveries."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """One request for a call; `status` is what was answered, or would have been had it arrived."""

    at_ms: int
    workspace: str
    to_number: str
    idempotency_key: str | None
    metadata: Any
    status: int
    call_id: str | None
    is_replay: bool = False
    fault: str | None = None


@dataclass(slots=True)
class CallRecord:
    """One call that was made; its slot is freed when it ends, unless it leaks.

    `created_wall` is the wall clock's time, in seconds; `is_successful` and `in_voicemail` are what
    its analysis says, once there is one.
    """

    call_id: str
    workspace: str
    from_number: str
    to_number: str
    created_ms: int
    metadata: Any
    is_successful: bool
    in_voicemail: bool
    created_wall: float = field(default_factory=time.time)
    started_ms: int | None = None
    ended_ms: int | None = None
    freed_ms: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One try to deliver an event; `status` None when nobody answered or nothing was sent."""

    at_ms: int
    call_id: str
    event: str
    attempt: int
    status: int | None
    fault: str | None = None


@dataclass(slots=True)
class Ledger:
    """Everything since the beginning, or since it was last drained."""

    creates: list[CreateRecord] = field(default_factory=list[CreateRecord])
    calls: dict[str, CallRecord] = field(default_factory=dict[str, CallRecord])
    deliveries: list[DeliveryRecord] = field(default_factory=list[DeliveryRecord])
    peaks: dict[str, int] = field(default_factory=dict[str, int])
    under_way: int = 0
    requests_ever: int = 0

    def note_request(self, record: CreateRecord) -> None:
        self.creates.append(record)
        self.requests_ever += 1

    def note_concurrency(self, workspace: str, current: int) -> None:
        self.peaks[workspace] = max(current, self.peaks.get(workspace, 0))

    def render(self) -> dict[str, Any]:
        return {
            "creates": [asdict(record) for record in self.creates],
            "calls": [asdict(record) for record in self.calls.values()],
            "deliveries": [asdict(record) for record in self.deliveries],
            "peaks": dict(self.peaks),
            "deliveries_under_way": self.under_way,
        }

    def drain(self) -> None:
        """Forget what is over."""
        self.creates.clear()
        self.deliveries.clear()
        self.calls = {key: call for key, call in self.calls.items() if call.freed_ms is None}

    def reset(self) -> None:
        """Forget all; what is under way stays counted."""
        self.drain()
        self.requests_ever = 0
        self.calls.clear()
        self.peaks.clear()
