"""The `latency` of a call object: how long the agent's answers took.

Follows https://docs.retellai.com/api-references/get-call; the times are drawn, and equal for the
same call of another run with the same seed.
"""

import random
from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.conversation import Turn

# Milliseconds: the median and the spread of a log-normal distribution.
_LLM: Final = (520, 0.3)
_TTS: Final = (240, 0.2)
_REST: Final = (180, 0.25)  # of e2e: the end of the person's turn, and its last words as text
_PERCENTILES: Final = (50, 90, 95, 99)


def render_latency(call: Call, turns: Sequence[Turn]) -> dict[str, Any]:
    """Render the parts e2e, llm and tts; empty without an answer to the person."""
    answers = sum(turn.role == "agent" for turn in turns[1:])
    if not answers:
        return {}
    draw = random.Random(f"{call.label}:{call.outcome.variant}")  # noqa: S311
    llm, tts, rest = (
        [_draw_ms(draw, *times) for _ in range(answers)] for times in (_LLM, _TTS, _REST)
    )
    e2e = [sum(parts) for parts in zip(llm, tts, rest, strict=True)]
    return {"e2e": _summarize(e2e), "llm": _summarize(llm), "tts": _summarize(tts)}


def _draw_ms(draw: random.Random, median: float, spread: float) -> int:
    return round(median * draw.lognormvariate(0, spread))


def _summarize(values: Sequence[int]) -> dict[str, Any]:
    ordered = sorted(values)
    percentiles = {
        f"p{percent}": ordered[ceil(len(ordered) * percent / 100) - 1] for percent in _PERCENTILES
    }
    return {
        **percentiles,
        "min": ordered[0],
        "max": ordered[-1],
        "num": len(ordered),
        "values": list(values),
    }
