"""The slides of a deck, and their division into chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Slide:
    """A slide of the deck."""

    number: int
    title: str
    description: str
    section: str


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
        given = cast("list[object]", row["slides"])
        entries = [
            cast("Mapping[str, Any]", each if isinstance(each, Mapping) else {}) for each in given
        ]
        numbers = _number(entries)
        slides = (_read(entry, number) for entry, number in zip(entries, numbers, strict=True))
        return cls(_text(row.get("title")), _text(row.get("audience")), tuple(slides))

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


def _number(entries: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the slides' own numbers if they increase, else their positions from 1."""
    own = [entry.get("slideNumber") for entry in entries]
    numbers = [number for number in own if type(number) is int and number > 0]
    is_increasing = all(before < after for before, after in pairwise(numbers))
    return (
        numbers if len(numbers) == len(entries) and is_increasing else [*range(1, len(entries) + 1)]
    )


def _read(entry: Mapping[str, Any], number: int) -> Slide:
    return Slide(
        number,
        _text(entry.get("title")) or f"Slide {number}",
        _text(entry.get("description")),
        _text(entry.get("section")),
    )


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
