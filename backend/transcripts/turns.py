"""What speakers say in turn, and how that is written down."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


class TranscriptError(ValueError):
    """A transcript that cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Some words, of a speaker if one is named."""

    speaker: str | None
    text: str


def render_turns(utterances: Iterable[Utterance]) -> str:
    """`Name: words`, a line a turn; what one speaker says in a row is one turn."""
    spoken = [utterance for utterance in utterances if utterance.text]
    turns = groupby(spoken, key=lambda utterance: utterance.speaker)
    return "\n".join(_render(speaker, list(said)) for speaker, said in turns)


def _render(speaker: str | None, said: list[Utterance]) -> str:
    if speaker is None:  # captions without names: a change of speaker would be lost in one line
        return "\n".join(utterance.text for utterance in said)
    return f"{speaker}: {' '.join(utterance.text for utterance in said)}"
