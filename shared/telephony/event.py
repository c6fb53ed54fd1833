"""A provider's event about a call, and what applying it changed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class CallEvent:
    """The SQL type telephony.call_event, field by field; None where the provider does not say.

    `turn` counts the turns of the conversation so far, for events that repeat within a call.
    `attempt_id` and `contact_id` are ours, returned as metadata. `status` is completed or failed.
    `opt_out` holds the words by which the person asked not to be called again. `callback_at` is
    ISO 8601, without an offset in the person's own time zone. `latency` is {part: {p50, p90, max,
    num}}, in milliseconds. `payload` is the provider's JSON.
    """

    event: str
    turn: int
    call_id: str
    payload: Mapping[str, Any]
    direction: str = "outbound"
    is_over: bool = False
    agent_id: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    attempt_id: str | None = None
    contact_id: int | None = None
    status: str | None = None
    disconnection_reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    cost_cents: Decimal | None = None
    latency: Mapping[str, Mapping[str, int]] | None = None
    recording_url: str | None = None
    transcript: str | None = None
    analysis: Mapping[str, Any] | None = None
    successful: bool | None = None
    voicemail: bool | None = None
    metadata: Mapping[str, Any] | None = None
    opt_out: str | None = None
    callback_at: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the fields that are not None, as public.apply_call_events_v1 takes them."""
        values = ((name, getattr(self, name)) for name in _NAMES)
        return {name: value for name, value in values if value is not None}


_NAMES: Final = tuple(field.name for field in fields(CallEvent))


@dataclass(frozen=True, slots=True)
class Applied:
    """What an event changed. `next_campaign_id`: the campaign that can use the freed slot at once.

    `kept_because`: the event is stored but could not be applied yet, for this reason.
    """

    is_duplicate: bool = False
    organization_id: str | None = None
    campaign_id: str | None = None
    next_campaign_id: str | None = None
    kept_because: str | None = None

    @classmethod
    def parse(cls, result: Mapping[str, Any]) -> "Applied":
        """Parse one element of what public.apply_call_events_v1 returns."""
        return cls(
            is_duplicate=result["duplicate"],
            organization_id=result.get("organization_id"),
            campaign_id=result.get("campaign_id"),
            next_campaign_id=result.get("next_campaign_id"),
        )
