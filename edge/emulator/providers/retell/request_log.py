"""Log of create requests, calls and webhook deliveries, served at `/_requests` for tests."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """One create request; `status` is the response's, also if a fault kept it from arriving."""

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
    """One call; its slot is freed at its end, or later if it leaks.

    `created_wall` is real time in epoch seconds; `is_successful` and `in_voicemail` are the values
    of its later analysis.
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
    """One delivery attempt; `status` is None if there was no response or nothing was sent."""

    at_ms: int
    call_id: str
    event: str
    attempt: int
    status: int | None
    fault: str | None = None


@dataclass(slots=True)
class RequestLog:
    """Records since the last drain; `peaks` is the highest concurrency by workspace."""

    creates: list[CreateRecord] = field(default_factory=list[CreateRecord])
    calls: dict[str, CallRecord] = field(default_factory=dict[str, CallRecord])
    deliveries: list[DeliveryRecord] = field(default_factory=list[DeliveryRecord])
    peaks: dict[str, int] = field(default_factory=dict[str, int])
    under_way: int = 0
    requests_ever: int = 0

    def add_request(self, record: CreateRecord) -> None:
        self.creates.append(record)
        self.requests_ever += 1

    def record_concurrency(self, workspace: str, current: int) -> None:
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
        """Drop requests, deliveries and calls whose slot is free."""
        self.creates.clear()
        self.deliveries.clear()
        self.calls = {key: call for key, call in self.calls.items() if call.freed_ms is None}

    def reset(self) -> None:
        """Drop everything; deliveries under way stay counted."""
        self.drain()
        self.requests_ever = 0
        self.calls.clear()
        self.peaks.clear()
