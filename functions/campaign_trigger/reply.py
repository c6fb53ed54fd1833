"""What the provider's answer to a request for a call means, read without asking anybody."""

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
    "Retell refuses calls for want of payment. Add a means of payment or buy credit in its billing"
    " settings, then resume the campaign."
)
_NO_KEY: Final = (
    "Retell does not accept the API key. Set RETELL_API_KEY to one of its workspace, then resume"
    " the campaign."
)
_PAUSES: Final = {401: _NO_KEY, 402: _NO_CREDIT, 403: _NO_KEY}
_AMBIGUOUS: Final = (408, 409)


class Consequence(Enum):
    """What a refusal does besides giving the contact back."""

    NONE = "none"
    SLOW_DOWN = "slow_down"
    PAUSE = "pause"
    BAD_NUMBER = "bad_number"
    DO_NOT_CALL = "do_not_call"


@dataclass(frozen=True, slots=True)
class Placed:
    """The provider has the call."""

    call_id: str
    call: Mapping[str, Any]

    @property
    def is_older(self) -> bool:
        """Whether the call was there before this answer's request: it rings no more."""
        return self.call.get("call_status", "registered") != "registered"


@dataclass(frozen=True, slots=True)
class Refused:
    """It is certain that no phone rings. `message` is for the people of a paused campaign."""

    error: str
    consequence: Consequence = Consequence.NONE
    delay_seconds: int = 60
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request has left; whether a phone rings, nobody knows."""

    error: str


Reply = Placed | Refused | Unknown


def read_call(call: Mapping[str, Any]) -> Reply:
    """A 2xx answer."""
    call_id = call.get("call_id")
    if isinstance(call_id, str) and call_id:
        return Placed(call_id, call)
    return Unknown("the answer names no call")


def read_refusal(status: int, message: str, retry_after: str | None = None) -> Reply:
    """Any other answer, by its status and what it says.

    A 5xx may hide a call that was made; so may 408 and 409.
    """
    error = f"HTTP {status}: {message[:_LONGEST_MESSAGE]}"
    if status >= 500 or status in _AMBIGUOUS:
        return Unknown(error)
    if status == 429:
        return Refused(error, Consequence.SLOW_DOWN, _read_delay(retry_after))
    if status in _PAUSES:
        return Refused(error, Consequence.PAUSE, message=_PAUSES[status])
    return _read_objection(error, message)


def _read_objection(error: str, message: str) -> Refused:
    """Retell has read the request, and objects to something in it."""
    if _DO_NOT_CALL.search(message):
        return Refused(error, Consequence.DO_NOT_CALL, 0)
    if _BAD_NUMBER.search(message):
        return Refused(error, Consequence.BAD_NUMBER)
    told = f"Retell refuses the calls of this campaign: {message[:_LONGEST_MESSAGE]}"
    return Refused(error, Consequence.PAUSE, message=told)


def _read_delay(retry_after: str | None) -> int:
    """Whole seconds; a date, or nonsense, is as good as nothing."""
    seconds = int(retry_after) if retry_after and retry_after.isdecimal() else 0
    return min(max(seconds, _BACK_OFF_SECONDS), _LONGEST_BACK_OFF)
