"""How a call goes: drawn from a seeded distribution, or determined by the number that is called.

The same seed and number give the same outcomes in the same order, whatever else is called.

North American numbers of the range kept for fiction, `+1 NPA 555 01NN`, determine the outcome:

| NN | outcome |
|---|---|
| 00-49 | drawn like any other |
| 50 | a reason that no client knows |
| 51-89 | the ending at that place in `ending.ENDINGS`: 51 user_hangup, 52 agent_hangup, … |
| 90 | a person who agrees |
| 91 | a person who does not |
| 92 | a person who asks not to be called again, which only the transcript tells |
| 93 | an answering machine that only the analysis recognises |
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge.emulator.providers.retell.ending import BY_REASON, ENDINGS, UNKNOWN_REASON, Ending

_FICTION: Final = re.compile(r"\+1[2-9][0-9]{2}55501([0-9]{2})")
_WEIGHTS: Final = {ending.reason: ending.weight for ending in ENDINGS if ending.weight}
_SUCCESS_RATE: Final = 0.35
_OPT_OUT_RATE: Final = 0.05  # of those who refuse: they say it, and only the transcript tells
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
    """What will happen; `is_successful` is None where nobody was reached."""

    ending: Ending
    ring_ms: int
    talk_ms: int
    analysis_ms: int
    is_successful: bool | None
    variant: int

    @property
    def is_connected(self) -> bool:
        return self.ending.script is not None

    @property
    def in_voicemail(self) -> bool:
        return self.ending.script == "voicemail"


def decide_outcome(
    seed: int, number: str, nth: int, weights: Mapping[str, float] | None = None
) -> Outcome:
    """The outcome of the nth call to a number, from zero."""
    draw = random.Random(f"{seed}:{number}:{nth}")  # noqa: S311
    ending, is_successful = _determined(number) or _drawn(draw, weights or _WEIGHTS)
    return Outcome(
        ending,
        ring_ms=_between(draw, _RING_SECONDS.get(ending.reason, _default_ring(ending))),
        talk_ms=_talk_ms(draw, ending),
        analysis_ms=_between(draw, (2, 9)),
        is_successful=is_successful,
        variant=draw.randrange(1 << 16),
    )


def _determined(number: str) -> tuple[Ending, bool | None] | None:
    fictional = _FICTION.fullmatch(number)
    place = int(fictional.group(1)) if fictional else 0
    if place in _SCRIPTED:
        return _SCRIPTED[place]
    if place in _UNDECLARED:
        return _UNDECLARED[place], False
    if 50 < place <= 50 + len(ENDINGS):
        ending = ENDINGS[place - 51]
        return ending, _judge(ending, by_chance=False)
    return None


def _drawn(draw: random.Random, weights: Mapping[str, float]) -> tuple[Ending, bool | None]:
    (reason,) = draw.choices(list(weights), list(weights.values()))
    ending = BY_REASON[reason]
    is_successful = _judge(ending, by_chance=draw.random() < _SUCCESS_RATE)
    if ending.script == "person":
        refusal = "opt_out" if draw.random() < _OPT_OUT_RATE else "refusal"
        ending = replace(ending, script="agreement" if is_successful else refusal)
    return ending, is_successful


def _judge(ending: Ending, *, by_chance: bool) -> bool | None:
    if ending.script is None:
        return None
    if ending.script == "transfer":
        return ending.reason != "transfer_cancelled"
    return ending.script == "person" and ending.status == "ended" and by_chance


def _default_ring(ending: Ending) -> tuple[float, float]:
    if ending.script:
        return 3, 22
    return (1, 6) if ending.status == "not_connected" else (0.2, 1)


def _talk_ms(draw: random.Random, ending: Ending) -> int:
    if ending.script is None:
        return 0
    if ending.reason == "max_duration_reached":
        return _MAX_TALK_MS
    return _between(draw, _TALK_SECONDS.get(ending.script, (25, 240)))


def _between(draw: random.Random, seconds: tuple[float, float]) -> int:
    return round(draw.uniform(*seconds) * 1000)
