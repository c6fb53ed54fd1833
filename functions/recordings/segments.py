"""What was said: segments with speakers and times, in seconds of the whole recording."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

_SAMPLE: Final = (2.0, 10.0)
"""Seconds of a speaker's sample, as OpenAI takes them."""
MOST_SPEAKERS: Final = 4


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one speaker; `speaker` is None where the model names none."""

    speaker: str | None
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speaker:
    """Where a speaker is heard, for the model to know the voice again in the next part."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """The segments of a part, and the model that heard them."""

    segments: Sequence[Segment]
    model: str

    def render(self) -> list[dict[str, Any]]:
        return [asdict(segment) for segment in self.segments]


def read_answer(answer: Mapping[str, Any], start: float, end: float) -> list[Segment]:
    """Read a server's JSON: segments with or without speakers, or the text alone."""
    found: list[Segment] = []
    given = answer.get("segments")
    for each in cast("list[Any]", given) if isinstance(given, list) else []:
        if isinstance(each, Mapping):
            entry = cast("Mapping[str, Any]", each)
            text = " ".join(str(entry.get("text") or "").split())
            times = (_seconds(entry.get("start")), _seconds(entry.get("end")))
            if text:
                found.append(Segment(_name(entry.get("speaker")), text, *_place(times, start, end)))
    text = " ".join(str(answer.get("text") or "").split())
    return found or ([Segment(None, text, round(start, 2), round(end, 2))] if text else [])


def find_speakers(segments: Sequence[Segment], known: Sequence[Speaker]) -> list[Speaker]:
    """Return the known speakers, and new ones with their longest segment that suits as a sample."""
    speakers = {speaker.name: speaker for speaker in known}
    for segment in segments:
        length = segment.end - segment.start
        if segment.speaker is None or length < _SAMPLE[0]:
            continue
        old = speakers.get(segment.speaker)
        if old in known or (old and old.end - old.start >= min(length, _SAMPLE[1])):
            continue
        end = min(segment.end, segment.start + _SAMPLE[1])
        speakers[segment.speaker] = Speaker(segment.speaker, segment.start, end)
    return list(speakers.values())[:MOST_SPEAKERS]


def _place(times: tuple[float, float], start: float, end: float) -> tuple[float, float]:
    """Return a segment's times within the recording; models go astray at the end of a part."""
    first = min(max(start + times[0], start), end)
    return round(first, 2), round(min(max(start + times[1], first), end), 2)


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _name(value: Any) -> str | None:
    """Return a speaker's name; models count speakers by letters."""
    if not isinstance(value, str) or not value.strip():
        return None
    name = " ".join(value.split())[:60]
    return f"Speaker {name}" if len(name) == 1 else name
