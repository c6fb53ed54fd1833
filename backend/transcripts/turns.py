"""Utterances of speakers, and their rendering as turns."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, cast

_NUMBERED: Final = re.compile(
    r"(?:speaker|spk|spkr|s|ch|channel|participant|user)?[ _-]?0*(\d{1,12})", re.I
)
_RESOURCE: Final = re.compile(r"\w+/[\w/-]*?([\w-]+)")
_ROLE_PREFIX: Final = re.compile(r"^(?:message_)?role_(?=[a-z_]+$)", re.I)
_UNITS: Final = (1.0, 1e-3, 1e-7)  # seconds, milliseconds, ticks of Azure's
_FEWEST_PER_SECOND: Final = 0.005
_LONGEST_CALL: Final = 1e8  # in any of the units; what is more counts from 1970
_UNKNOWN: Final = frozenset(
    {"", "unknown", "uu", "none", "null", "undefined", "unidentified", "@0"}
)
_CALLER_ROLES: Final = frozenset(
    {
        "agent",
        "assistant",
        "bot",
        "ai",
        "user",
        "customer",
        "caller",
        "human",
        "internal",
        "external",
    }
)


class TranscriptError(ValueError):
    """The transcript cannot be parsed; the message says where."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of a speaker; `speaker` is None if unknown. `start` is in seconds, if known."""

    speaker: str | None
    text: str
    start: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as text, the format it was read from, and what the reader has to say."""

    text: str
    format: str
    notices: tuple[str, ...] = ()
    times: tuple[tuple[int, float], ...] = ()
    """(offset in text, seconds) of each turn whose start is known, in order."""


def render_turns(utterances: Iterable[Utterance]) -> str:
    """Render `Name: words`, one turn a line; consecutive utterances of a speaker are one turn."""
    spoken = [utterance for utterance in utterances if utterance.text]
    turns = groupby(spoken, key=lambda utterance: utterance.speaker)
    return "\n".join(_render(speaker, list(said)) for speaker, said in turns)


def list_times(utterances: Iterable[Utterance]) -> tuple[tuple[int, float], ...]:
    """Return (offset in the rendered text, seconds) of each turn that has a start."""
    spoken = [utterance for utterance in utterances if utterance.text]
    times: list[tuple[int, float]] = []
    offset = 0
    for speaker, group in groupby(spoken, key=lambda utterance: utterance.speaker):
        said = list(group)
        if said[0].start is not None:
            times.append((offset, round(said[0].start, 2)))
        offset += len(_render(speaker, said)) + 1
    return tuple(times)


def in_seconds(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Return the utterances with starts in seconds, also where they are milliseconds or dates.

    Nobody speaks so slowly: whole numbers so far apart are not seconds.
    """
    starts = [utterance.start for utterance in utterances if utterance.start is not None]
    if not starts or not all(start.is_integer() for start in starts):
        return list(utterances)
    first = min(starts) if min(starts) > _LONGEST_CALL else 0.0
    words = sum(len(utterance.text.split()) for utterance in utterances)
    span = max(starts) - min(starts)
    unit = next((unit for unit in _UNITS if span * unit * _FEWEST_PER_SECOND <= words), 1.0)
    if not first and unit == 1.0:
        return list(utterances)
    return [
        replace(each, start=None if each.start is None else (each.start - first) * unit)
        for each in utterances
    ]


def _render(speaker: str | None, said: Sequence[Utterance]) -> str:
    if speaker is None:  # unnamed captions: keep lines, a line may change the speaker
        return "\n".join(utterance.text for utterance in said)
    return f"{speaker}: {join_texts(utterance.text for utterance in said)}"


def speaker_name(value: Any) -> str | None:
    """Return the name to show for a speaker's name, number or label; None if it says nothing."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        names = (fields.get(key) for key in ("name", "display_name", "label", "email", "id"))
        return next((name for each in names if (name := speaker_name(each))), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"Speaker {int(value)}"
    return _name_of_text(value) if isinstance(value, str) else None


def _name_of_text(text: str) -> str | None:
    name = _ROLE_PREFIX.sub("", one_line(text).rstrip(":\uff1a").strip())
    if name.casefold() in _UNKNOWN:
        return None
    if numbered := _NUMBERED.fullmatch(name) or _RESOURCE.fullmatch(name):
        return f"Speaker {numbered[1]}"
    is_plain = name.islower() or name.isupper()
    return name.capitalize() if is_plain and name.casefold() in _CALLER_ROLES else name


def join_texts(texts: Iterable[str]) -> str:
    """Join with single spaces, but without between two characters of Chinese or Japanese."""
    joined = ""
    for text in texts:
        joined += (" " if joined and _needs_space(joined[-1], text[:1]) else "") + text
    return joined


def _needs_space(before: str, after: str) -> bool:
    return not (_is_unspaced(before) and _is_unspaced(after))


def _is_unspaced(character: str) -> bool:
    """True for kana, Han and full-width punctuation."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def one_line(text: str) -> str:
    """Return the text with single spaces, and no line breaks."""
    return " ".join(text.split())
