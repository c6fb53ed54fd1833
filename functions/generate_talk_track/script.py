"""What is said at each slide: the model's answer, and what of it can be taken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, Field

from .deck import Slide

SHORTEST: Final = 5
LONGEST: Final = 120
_USUAL: Final = 20


class SlideScript(BaseModel):
    """The script of one slide."""

    slide_number: int = Field(alias="slideNumber", description="The slide's number, unchanged.")
    script: str = Field(description="What the presenter says, 2 to 4 sentences.")
    duration: float = Field(description="Seconds that saying it takes, 15 to 30.")
    notes: str = Field(description="How to deliver it: pauses, emphasis, gestures.")


class TalkTrackChunk(BaseModel):
    """The answer's schema."""

    slides: list[SlideScript] = Field(description="Every slide asked for, once, in order.")


@dataclass(frozen=True, slots=True)
class SpokenSlide:
    """What can be saved of a slide."""

    number: int
    script: str
    duration: int
    notes: str

    def render(self) -> dict[str, Any]:
        return {
            "slideNumber": self.number,
            "script": self.script,
            "duration": self.duration,
            "notes": self.notes,
        }


@dataclass(frozen=True, slots=True)
class Script:
    """A whole chunk's, in order, with what is stored beside it."""

    slides: tuple[SpokenSlide, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def sample(self) -> str:
        """What another chunk should sound like."""
        return self.slides[-1].script


def accept(wanted: Sequence[Slide], answer: TalkTrackChunk) -> dict[int, SpokenSlide]:
    """The slides asked for, by number: of those told twice the first, and no others."""
    numbers = {slide.number for slide in wanted}
    accepted: dict[int, SpokenSlide] = {}
    for given in answer.slides:
        script = _clean(given.script)
        if given.slide_number in numbers and script:
            spoken = SpokenSlide(
                given.slide_number, script, clamp_duration(given.duration), _clean(given.notes)
            )
            accepted.setdefault(given.slide_number, spoken)
    return accepted


def clamp_duration(seconds: float) -> int:
    """Whole seconds between 5 and 120; 20 where the answer has none."""
    return round(min(max(seconds, SHORTEST), LONGEST)) if seconds > 0 else _USUAL


def read_saved(chunk: Mapping[str, Any]) -> Script:
    """A chunk's row."""
    slides: Iterable[Mapping[str, Any]] = chunk["slides"]
    spoken = (
        SpokenSlide(row["slideNumber"], row["script"], row["duration"], row["notes"])
        for row in slides
    )
    return Script(tuple(spoken), chunk["metadata"])


def _clean(text: str) -> str:
    """Postgres has no place for NUL."""
    return text.replace("\0", "").strip()
