"""Outcome of a call: drawn from a seeded distribution, or determined by the called number.

The same seed and number give the same outcomes in the same order, regardless of other calls.

Numbers of the North American range reserved for fiction, `+1 NPA 555 01NN`, fix the outcome:

| NN | outcome |
|---|---|
| 00-49 | drawn at random |
| 50 | an undocumented disconnection reason |
| 51-89 | the entry at that place of `call_end.CALL_ENDS`: 51 user_hangup, 52 agent_hangup, … |
| 90 | callee agrees |
| 91 | callee declines |
| 92 | callee opts out of further calls; only the transcript shows it |
| 93 | voicemail that only the analysis recognises |
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge.emulator.providers.retell.call_end import BY_REASON, CALL_ENDS, UNKNOWN_REASON, CallEnd

_FICTION: Final = re.compile(r"\+1[2-9][0-9]{2}55501([0-9]{2})")
_WEIGHTS: Final = {end.reason: end.weight for end in CALL_ENDS if end.weight}
_SUCCESS_RATE: Final = 0.35
_OPT_OUT_RATE: Final = 0.05  # share of refusals that opt out; only the transcript shows it
_MAX_TALK_MS: Final = 600_000
_UNDECLARED: Final = {50: replace(BY_REASON["user_hangup"], reason=UNKNOWN_REASON)}
_SCRIPTED: Final = {
    90: (replace(BY_REASON["agent_hangup"], script="agreement"), True),
    91: (replace(BY_REASON["user_hangup"], script="refusal"), False),
    92: (replace(BY_REASON["user_hangup"], script="opt_out"), False),
    93: (replace(BY_REASON["agent_hangup"], script="voicemail"), False),
}
_TALK_SECONDS: Final = {
    "voicemail": (8, 30),
    "ivr": (10, 40),
    "silence": (10, 35),
    "opt_out": (8, 40),
    "refusal": (10, 60),
    "callback": (15, 60),
    "transfer": (40, 180),
}
_RING_SECONDS: Final = {
    "dial_no_answer": (30, 30),
    "user_declined": (3, 15),
    "registered_call_timeout": (45, 60),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Planned course of a call; `is_successful` is None if the call never connects."""

    end: CallEnd
    ring_ms: int
    talk_ms: int
    analysis_ms: int
    is_successful: bool | None
    variant: int

    @property
    def is_connected(self) -> bool:
        return self.end.script is not None

    @property
    def in_voicemail(self) -> bool:
        return self.end.script == "voicemail"


def decide_outcome(
    seed: int, number: str, nth: int, weights: Mapping[str, float] | None = None
) -> Outcome:
    """Return the outcome of the nth call to a number, counted from 0.

    `weights` replaces the distribution of disconnection reasons.
    """
    draw = random.Random(f"{seed}:{number}:{nth}")  # noqa: S311
    end, is_successful = _determined(number) or _drawn(draw, weights or _WEIGHTS)
    return Outcome(
        end,
        ring_ms=_between(draw, _RING_SECONDS.get(end.reason, _default_ring(end))),
        talk_ms=_talk_ms(draw, end),
        analysis_ms=_between(draw, (2, 9)),
        is_successful=is_successful,
        variant=draw.randrange(1 << 16),
    )


def _determined(number: str) -> tuple[CallEnd, bool | None] | None:
    fictional = _FICTION.fullmatch(number)
    place = int(fictional.group(1)) if fictional else 0
    if place in _SCRIPTED:
        return _SCRIPTED[place]
    if place in _UNDECLARED:
        return _UNDECLARED[place], False
    if 50 < place <= 50 + len(CALL_ENDS):
        end = CALL_ENDS[place - 51]
        return end, _decide_success(end, by_chance=False)
    return None


def _drawn(draw: random.Random, weights: Mapping[str, float]) -> tuple[CallEnd, bool | None]:
    (reason,) = draw.choices(list(weights), list(weights.values()))
    end = BY_REASON[reason]
    is_successful = _decide_success(end, by_chance=draw.random() < _SUCCESS_RATE)
    if end.script == "person":
        refusal = "opt_out" if draw.random() < _OPT_OUT_RATE else "refusal"
        end = replace(end, script="agreement" if is_successful else refusal)
    return end, is_successful


def _decide_success(end: CallEnd, *, by_chance: bool) -> bool | None:
    if end.script is None:
        return None
    if end.script == "transfer":
        return end.reason != "transfer_cancelled"
    return end.script == "person" and end.status == "ended" and by_chance


def _default_ring(end: CallEnd) -> tuple[float, float]:
    if end.script:
        return 3, 22
    return (1, 6) if end.status == "not_connected" else (0.2, 1)


def _talk_ms(draw: random.Random, end: CallEnd) -> int:
    if end.script is None:
        return 0
    if end.reason == "max_duration_reached":
        return _MAX_TALK_MS
    return _between(draw, _TALK_SECONDS.get(end.script, (25, 240)))


def _between(draw: random.Random, seconds: tuple[float, float]) -> int:
    return round(draw.uniform(*seconds) * 1000)
