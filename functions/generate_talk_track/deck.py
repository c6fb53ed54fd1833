"""The slides of a deck, and their division into chunks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from shared.talk_tracks.slides import SlideText, read_slides

Slide = SlideText


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive slides that are written together; `index` counts from 0."""

    index: int
    slides: tuple[Slide, ...]

    def __str__(self) -> str:
        first, last = self.slides[0].number, self.slides[-1].number
        return f"slide {first}" if first == last else f"slides {first} to {last}"


@dataclass(frozen=True, slots=True)
class Deck:
    """The slides in order, with distinct numbers."""

    title: str
    audience: str
    slides: tuple[Slide, ...]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Deck":
        """Read the row leniently: owners write it through the data API."""
        slides = read_slides(cast("list[object]", row["slides"]))
        return cls(_text(row.get("title")), _text(row.get("audience")), slides)

    def split(self, size: int) -> list[Chunk]:
        """Divide all slides into chunks of `size`; the last one may be shorter."""
        starts = range(0, len(self.slides), size)
        return [
            Chunk(index, self.slides[start : start + size]) for index, start in enumerate(starts)
        ]

    def neighbours(self, chunk: Chunk) -> tuple[Slide | None, Slide | None]:
        """Return the slides before and after the chunk."""
        first = self.slides.index(chunk.slides[0])
        after = first + len(chunk.slides)
        before = self.slides[first - 1] if first else None
        return before, self.slides[after] if after < len(self.slides) else None


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
