"""Turns of a transcript: `Name: words`, one a line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TURN: Final = re.compile(r"([^\s:：][^:：\n]{0,59}?)\s*[:：]\s*(\S.*)")
_SELLERS: Final = re.compile(
    r"\b(?:agent|assistant|advisor|consultant|rep(?:resentative)?|sales\w*|seller|account|bot)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Words of one speaker; `speaker` is "" where the line names none."""

    speaker: str
    text: str


def parse_turns(transcript: str) -> list[Turn]:
    """Split the text into turns; a line without a label continues the turn before."""
    turns: list[Turn] = []
    for line in transcript.splitlines():
        if not line.strip():
            continue
        found = _TURN.fullmatch(line.strip())
        if found:
            turns.append(Turn(found[1], found[2]))
        elif turns:
            turns[-1] = Turn(turns[-1].speaker, f"{turns[-1].text} {line.strip()}")
        else:
            turns.append(Turn("", line.strip()))
    return turns


def find_seller(turns: Sequence[Turn]) -> str:
    """Return the seller's label: one that names the role, else the one that speaks most."""
    words: dict[str, int] = {}
    for turn in turns:
        words[turn.speaker] = words.get(turn.speaker, 0) + len(turn.text.split())
    named = [speaker for speaker in words if _SELLERS.search(speaker)]
    return named[0] if named else max(words, key=lambda each: words[each], default="")
