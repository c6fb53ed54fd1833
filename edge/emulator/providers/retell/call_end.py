"""Disconnection reasons, and the call status that each leads to.

Follows Retell's reference (docs.retellai.com/reliability/debug-call-disconnect)
and the PhoneCallResponse of retell-sdk, in the SDK's order.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CallStatus(StrEnum):
    """The `call_status` of a call."""

    REGISTERED = "registered"
    NOT_CONNECTED = "not_connected"
    ONGOING = "ongoing"
    ENDED = "ended"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A disconnection reason and the status it leads to.

    `script` names the conversation before it, None if the call never connects; `weight` is its
    share of calls drawn at random.
    """

    reason: str
    status: CallStatus
    script: str | None = None
    weight: float = 0.0


def _ended(reason: str, script: str, weight: float = 0.0) -> CallEnd:
    return CallEnd(reason, CallStatus.ENDED, script, weight)


def _missed(reason: str, weight: float = 0.0) -> CallEnd:
    return CallEnd(reason, CallStatus.NOT_CONNECTED, None, weight)


def _broken(reason: str, script: str | None = None, weight: float = 0.0) -> CallEnd:
    return CallEnd(reason, CallStatus.ERROR, script, weight)


CALL_ENDS: Final = (
    _ended("user_hangup", "person", 26),
    _ended("agent_hangup", "person", 24),
    _ended("user_requested_dnc", "opt_out", 1.5),
    _ended("user_requested_callback", "callback", 2.5),
    _ended("call_transfer", "transfer", 2),
    _ended("voicemail_reached", "voicemail", 17),
    _ended("ivr_reached", "ivr", 1),
    _ended("inactivity", "silence", 1),
    _ended("max_duration_reached", "person", 0.2),
    _broken("concurrency_limit_reached"),
    _broken("no_concurrency_fallback"),
    _broken("no_valid_payment"),
    _broken("credit_exhausted"),
    _broken("budget_reached"),
    _broken("scam_detected"),
    _missed("dial_busy", 5),
    _missed("dial_failed", 1.5),
    _missed("dial_no_answer", 13),
    _missed("invalid_destination", 1),
    _missed("telephony_provider_permission_denied"),
    _missed("telephony_provider_unavailable", 0.3),
    _missed("sip_routing_error"),
    _missed("marked_as_spam"),
    _missed("network_blocked"),
    _missed("user_declined", 3),
    _broken("error_llm_websocket_open", None, 0.1),
    _broken("error_llm_websocket_lost_connection", "person", 0.1),
    _broken("error_llm_websocket_runtime", "person", 0.1),
    _broken("error_llm_websocket_corrupt_payload", "person", 0.1),
    _broken("error_no_audio_received", "silence", 0.1),
    _broken("error_asr", "silence", 0.1),
    _broken("error_retell", None, 0.2),
    _broken("error_unknown", None, 0.2),
    _broken("error_user_not_joined"),
    _broken("registered_call_timeout", None, 0.1),
    _ended("transfer_bridged", "transfer", 0.3),
    _ended("transfer_cancelled", "transfer", 0.1),
    _ended("manual_stopped", "person"),
    _ended("call_take_over", "person"),
)
BY_REASON: Final = {end.reason: end for end in CALL_ENDS}
STOPPED: Final = BY_REASON["manual_stopped"]
UNKNOWN_REASON: Final = "reason_of_tomorrow"
TRANSFER_NUMBER: Final = "+14155550199"
TRANSFERS: Final = {
    "call_transfer": ("transfer_started", "transfer_bridged", "transfer_ended"),
    "transfer_bridged": ("transfer_started", "transfer_bridged", "transfer_ended"),
    "transfer_cancelled": ("transfer_started", "transfer_cancelled"),
}
