"""Parses the provider's response to create-phone-call. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

_DO_NOT_CALL: Final = re.compile(r"do[\s_-]?not[\s_-]?call|\bdnc\b", re.IGNORECASE)
_BAD_NUMBER: Final = re.compile(r"to[\s_]number", re.IGNORECASE)
_BACK_OFF_SECONDS: Final = 30
_LONGEST_BACK_OFF: Final = 3600
_LONGEST_MESSAGE: Final = 300
_NO_CREDIT: Final = (
    "Retell rejects calls because of missing payment. Add a payment method or credit in its billing"
    " settings, then resume the campaign."
)
_NO_KEY: Final = (
    "Retell rejects the API key. Set RETELL_API_KEY to one of its workspace, then resume"
    " the campaign."
)
_PAUSES: Final = {401: _NO_KEY, 402: _NO_CREDIT, 403: _NO_KEY}
_AMBIGUOUS: Final = (408, 409)


class Consequence(Enum):
    """What a rejection causes besides releasing the contact."""

    NONE = "none"
    SLOW_DOWN = "slow_down"
    PAUSE = "pause"
    BAD_NUMBER = "bad_number"
    DO_NOT_CALL = "do_not_call"


@dataclass(frozen=True, slots=True)
class Placed:
    """The provider has created the call."""

    call_id: str
    call: Mapping[str, Any]

    @property
    def is_older(self) -> bool:
        """Return whether an earlier request created the call, which has progressed since."""
        return self.call.get("call_status", "registered") != "registered"


@dataclass(frozen=True, slots=True)
class Rejected:
    """No call was created. `message` is shown to the members if the campaign is paused."""

    error: str
    consequence: Consequence = Consequence.NONE
    delay_seconds: int = 60
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request was sent, but its outcome is unknown: a phone may ring."""

    error: str


CreateCallResult = Placed | Rejected | Unknown


def parse_call(call: Mapping[str, Any]) -> CreateCallResult:
    """Parse a 2xx response."""
    call_id = call.get("call_id")
    if isinstance(call_id, str) and call_id:
        return Placed(call_id, call)
    return Unknown("the response has no call_id")


def parse_rejection(status: int, message: str, retry_after: str | None = None) -> CreateCallResult:
    """Parse any other response by its status and message.

    5xx, 408 and 409 are Unknown: a call may have been created.
    """
    error = f"HTTP {status}: {message[:_LONGEST_MESSAGE]}"
    if status >= 500 or status in _AMBIGUOUS:
        return Unknown(error)
    if status == 429:
        return Rejected(error, Consequence.SLOW_DOWN, _parse_delay(retry_after))
    if status in _PAUSES:
        return Rejected(error, Consequence.PAUSE, message=_PAUSES[status])
    return _parse_client_error(error, message)


def _parse_client_error(error: str, message: str) -> Rejected:
    """Classify an error about the content of the request by its message."""
    if _DO_NOT_CALL.search(message):
        return Rejected(error, Consequence.DO_NOT_CALL, 0)
    if _BAD_NUMBER.search(message):
        return Rejected(error, Consequence.BAD_NUMBER)
    reason = f"Retell rejects the calls of this campaign: {message[:_LONGEST_MESSAGE]}"
    return Rejected(error, Consequence.PAUSE, message=reason)


def _parse_delay(retry_after: str | None) -> int:
    """Parse whole seconds of Retry-After; dates and invalid values count as missing."""
    seconds = int(retry_after) if retry_after and retry_after.isdecimal() else 0
    return min(max(seconds, _BACK_OFF_SECONDS), _LONGEST_BACK_OFF)
