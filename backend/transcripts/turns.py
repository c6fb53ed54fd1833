"""Utterances of speakers, and their rendering as turns."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


class TranscriptError(ValueError):
    """The transcript cannot be parsed; the message says where."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of a speaker; `speaker` is None if unknown."""

    speaker: str | None
    text: str


def render_turns(utterances: Iterable[Utterance]) -> str:
    """Render `Name: words`, one turn a line; consecutive utterances of a speaker are one turn."""
    spoken = [utterance for utterance in utterances if utterance.text]
    turns = groupby(spoken, key=lambda utterance: utterance.speaker)
    return "\n".join(_render(speaker, list(said)) for speaker, said in turns)


def _render(speaker: str | None, said: list[Utterance]) -> str:
    if speaker is None:  # unnamed captions: keep lines, a line may change the speaker
        return "\n".join(utterance.text for utterance in said)
    return f"{speaker}: {' '.join(utterance.text for utterance in said)}"
