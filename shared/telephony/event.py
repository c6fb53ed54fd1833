"""What the telephone provider reports of a call, and what became of it in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.telephony.analysis import find_callback, has_opt_out_field
from shared.telephony.opt_out import find_opt_out

_SPOKEN: Final = ("call_ended", "call_analyzed")


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event, and the call as the provider shows it; `turn`: how far it had come."""

    event: str
    call: Mapping[str, Any]
    turn: int = 0

    @property
    def call_id(self) -> str:
        return self.call["call_id"]

    def arguments(self) -> dict[str, Any]:
        """What public.apply_call_event takes."""
        arguments: dict[str, Any] = {"event": self.event, "call": self.call, "turn": self.turn}
        if self.event in _SPOKEN:
            analysis = _read_object(
                _read_object(self.call, "call_analysis"), "custom_analysis_data"
            )
            arguments["opt_out"] = find_opt_out(self.call) or has_opt_out_field(analysis)
            arguments["callback_at"] = find_callback(analysis)
        return {name: value for name, value in arguments.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Applied:
    """What an event did. `next_campaign_id`: where the slot that it freed can be used at once.

    `kept_because`: it is stored and could not be applied yet, for this reason.
    """

    is_duplicate: bool = False
    organization_id: str | None = None
    campaign_id: str | None = None
    next_campaign_id: str | None = None
    kept_because: str | None = None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "Applied":
        """What public.apply_call_event answered."""
        return cls(
            is_duplicate=answer["duplicate"],
            organization_id=answer.get("organization_id"),
            campaign_id=answer.get("campaign_id"),
            next_campaign_id=answer.get("next_campaign_id"),
        )


def _read_object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
