"""Parses Retell's call object (docs.retellai.com, API reference: get-call) into a CallEvent.

Retell's own fields vary with its API's age, and metadata is free text: what cannot be read as the
type it should have is None.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, cast

from shared.telephony.analysis import find_callback, has_opt_out_field
from shared.telephony.event import CallEvent
from shared.telephony.latency import read_latency
from shared.telephony.number import read_number
from shared.telephony.opt_out import find_opt_out

_SPOKEN: Final = ("call_ended", "call_analyzed")
_STATUSES: Final = {"ended": "completed", "not_connected": "failed", "error": "failed"}
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CONTACT_ID: Final = re.compile(r"[0-9]{1,18}")
_BOOLEANS: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A number of seconds below this, else of milliseconds: 5138 as seconds, 1973 as milliseconds.
_FIRST_MILLISECONDS: Final = Decimal(10**11)
_LAST_SECONDS: Final = Decimal(4 * 10**9)  # in 2096
_LAST_MILLISECONDS: Final = Decimal(4 * 10**12)


def parse_event(event: str, call: Mapping[str, Any], turn: int = 0) -> CallEvent:
    """Parse an event's name and its call object; `call_id` is empty where there is none."""
    metadata = _read_object(call, "metadata") or {}
    analysis = _read_object(call, "call_analysis")
    reason = _read_reason(call)
    status = _read_text(call, "call_status")
    started_at, ended_at = (
        _read_moment(call.get(name)) for name in ("start_timestamp", "end_timestamp")
    )
    has_ended = reason is not None or status in _STATUSES or ended_at is not None
    custom = _read_object(analysis or {}, "custom_analysis_data") or {}
    is_spoken = event in _SPOKEN
    is_inbound = event == "call_inbound" or call.get("direction") == "inbound"
    return CallEvent(
        event=event,
        turn=turn,
        call_id=_read_text(call, "call_id") or "",
        payload=call,
        direction="inbound" if is_inbound else "outbound",
        is_over=event == "call_ended" or (event == "call_analyzed" and has_ended),
        agent_id=_read_text(call, "agent_id"),
        from_number=_read_text(call, "from_number"),
        to_number=_read_text(call, "to_number"),
        attempt_id=_match(_UUID, metadata.get("attempt_id")),
        contact_id=_read_contact_id(metadata.get("contact_id")),
        status=_STATUSES.get(status or ""),
        disconnection_reason=reason,
        started_at=started_at,
        ended_at=ended_at,
        duration_ms=_read_duration(call, started_at, ended_at),
        cost_cents=_read_cost(call),
        latency=read_latency(call.get("latency")),
        recording_url=_read_text(call, "recording_url"),
        transcript=_read_text(call, "transcript") or None,
        analysis=analysis,
        successful=_read_boolean((analysis or {}).get("call_successful")),
        voicemail=_read_boolean((analysis or {}).get("in_voicemail")),
        metadata=_read_object(call, "metadata"),
        opt_out=(find_opt_out(call) or has_opt_out_field(custom)) if is_spoken else None,
        callback_at=find_callback(custom) if is_spoken else None,
    )


def _read_reason(call: Mapping[str, Any]) -> str | None:
    """Why the call ended, by the current or the older name of the field."""
    current = _read_text(call, "disconnection_reason")
    return (_read_text(call, "disconnect_reason") if current is None else current) or None


def _read_duration(
    call: Mapping[str, Any], started_at: datetime | None, ended_at: datetime | None
) -> int | None:
    """Milliseconds: as reported, else from start to end."""
    milliseconds = read_number(call.get("duration_ms"))
    for name in ("duration", "duration_seconds"):
        seconds = read_number(call.get(name)) if milliseconds is None else None
        milliseconds = seconds * 1000 if seconds is not None else milliseconds
    if milliseconds is None and started_at is not None and ended_at is not None:
        milliseconds = Decimal(max(ended_at - started_at, timedelta()) // timedelta(milliseconds=1))
    return None if milliseconds is None else int(milliseconds.quantize(Decimal(1), ROUND_HALF_UP))


def _read_cost(call: Mapping[str, Any]) -> Decimal | None:
    cost = (_read_object(call, "call_cost") or {}).get("combined_cost")
    return read_number(call.get("cost") if cost is None else cost)


def _read_moment(value: Any) -> datetime | None:
    """A moment from milliseconds since 1970, or from seconds."""
    number = read_number(value)
    if number is None or not 0 < number <= _LAST_MILLISECONDS:
        return None
    if number < _FIRST_MILLISECONDS:
        return _EPOCH + timedelta(seconds=float(number)) if number < _LAST_SECONDS else None
    return _EPOCH + timedelta(milliseconds=float(number))


def _read_boolean(value: Any) -> bool | None:
    """True or false, also as yes and no, 1 and 0, or as text."""
    if isinstance(value, (bool, int, str)):
        return _BOOLEANS.get(str(value).strip().lower())
    return None


def _read_contact_id(value: Any) -> int | None:
    digits = _match(_CONTACT_ID, str(value) if isinstance(value, int) else value)
    return int(digits) if digits else None


def _match(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _read_text(parent: Mapping[str, Any], name: str) -> str | None:
    value = parent.get(name)
    return value if isinstance(value, str) else None


def _read_object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = parent.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None
