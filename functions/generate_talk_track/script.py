"""The spoken script of slides: the model's response schema and its validation."""

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
    """The response schema."""

    slides: list[SlideScript] = Field(description="Every requested slide, once, in order.")


@dataclass(frozen=True, slots=True)
class SpokenSlide:
    """The validated script of one slide; `duration` in seconds."""

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
    """The script of a chunk in slide order, with its stored metadata."""

    slides: tuple[SpokenSlide, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def sample(self) -> str:
        """A text whose style other chunks should match."""
        return next((slide.script for slide in reversed(self.slides) if slide.script), "")


def select_slides(requested: Sequence[Slide], response: TalkTrackChunk) -> dict[int, SpokenSlide]:
    """Return the requested slides by number; the first of duplicates, none without a script."""
    numbers = {slide.number for slide in requested}
    selected: dict[int, SpokenSlide] = {}
    for given in response.slides:
        script = _clean(given.script)
        if given.slide_number in numbers and script:
            spoken = SpokenSlide(
                given.slide_number, script, clamp_duration(given.duration), _clean(given.notes)
            )
            selected.setdefault(given.slide_number, spoken)
    return selected


def silent_slide(number: int) -> SpokenSlide:
    """Return the script of a slide without words: nothing is said, and no model is asked."""
    return SpokenSlide(number, "", SHORTEST, "This slide has no words: pause, and let it be seen.")


def clamp_duration(seconds: float) -> int:
    """Return whole seconds between 5 and 120; 20 if there is no positive duration."""
    return round(min(max(seconds, SHORTEST), LONGEST)) if seconds > 0 else _USUAL


def read_saved(chunk: Mapping[str, Any]) -> Script:
    """Read the script of a chunk's row."""
    slides: Iterable[Mapping[str, Any]] = chunk["slides"]
    spoken = (
        SpokenSlide(row["slideNumber"], row["script"], row["duration"], row["notes"])
        for row in slides
    )
    return Script(tuple(spoken), chunk["metadata"])


def _clean(text: str) -> str:
    """Remove NUL, which Postgres cannot store."""
    return text.replace("\0", "").strip()
