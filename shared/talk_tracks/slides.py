"""Reads slides as tools and people write them: words stand in many fields, or in plain strings."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from shared.errors import BadInputError
from shared.talk_tracks.markdown import strip_markdown

MAX_SLIDES: Final = 500
LONGEST_SLIDE: Final = 10_000
_DEEPEST: Final = 6
_HIGHEST: Final = 1_000_000
_NUMBERS: Final = (
    "slidenumber", "number", "slideno", "slideindex", "slide", "no", "page", "pagenumber", "index",
    "position", "order",
)  # fmt: skip
_TITLES: Final = (
    "title",
    "headline",
    "heading",
    "slidetitle",
    "header",
    "name",
    "topic",
    "subject",
)
_SECTIONS: Final = ("section", "sectiontitle", "sectionname", "chapter", "part")
_FIRST: Final = ("subtitle", "subheadline", "subheading", "description", "content", "body", "text")
_LAST: Final = ("notes", "speakernotes", "presenternotes", "speakernote", "note")
# Fields that say how a slide looks, not what it says.
_NO_WORDS: Final = frozenset(
    word
    for line in (
        "id uid uuid key type kind layout template theme style styles color colour colors slug",
        "background backgroundcolor font fonts fontsize image images imageurl img icon icons url",
        "href src link video audio media asset assets alt width height x y position order index",
        "animation transition duration timing class classname css variant align alignment status",
        "createdat updatedat version hidden visible thumbnail logo chartdata coordinates size",
        "bounds zindex fill stroke border shadow opacity shapetype objectid placeholder unit",
    )
    for word in line.split()
)
# Fields whose number is said; another one is a place or a size.
_FIGURES: Final = frozenset(
    [
        "value",
        "amount",
        "number",
        "figure",
        "percent",
        "percentage",
        "price",
        "cost",
        "count",
        "total",
        "year",
        "metric",
        "stat",
        "score",
        "result",
        "quantity",
        "rate",
        "share",
        "current",
        "previous",
        "target",
        "before",
        "after",
        "old",
        "new",
        "min",
        "max",
    ]
)
_NOT_LETTER: Final = re.compile(r"[^a-z0-9]+")
_LINE_END: Final = re.compile(r"[.!?…:;,]$")
_WORD: Final = re.compile(r"\w")
_NO_SPEECH: Final = re.compile(r"\s*(?:#[0-9a-fA-F]{3,8}|rgba?\([^)]*\)|https?://\S+|data:\S+)\s*")


@dataclass(frozen=True, slots=True)
class SlideText:
    """The words of a slide; `title` and `description` are empty where there are none."""

    number: int
    title: str
    description: str
    section: str

    @property
    def has_words(self) -> bool:
        return bool(self.title or self.description)


def read_slides(entries: Sequence[object]) -> tuple[SlideText, ...]:
    """Read slides, leniently, with distinct numbers."""
    numbers = _number(entries)
    return tuple(_read(entry, number) for entry, number in zip(entries, numbers, strict=True))


def check_slides(slides: Sequence[SlideText]) -> None:
    """Raise BadInputError DECK_SIZE, DECK_WITHOUT_WORDS or SLIDE_TOO_LONG with the slide."""
    if not slides:
        raise BadInputError("The deck has no slides: add some, then try again.", code="DECK_SIZE")
    if len(slides) > MAX_SLIDES:
        raise BadInputError(
            f"The deck has {len(slides)} slides; {MAX_SLIDES} is the most.", code="DECK_SIZE"
        )
    if not any(slide.has_words for slide in slides):
        raise BadInputError(
            "No slide of the deck has words: give slides a title, a description, bullets or notes.",
            code="DECK_WITHOUT_WORDS",
        )
    for slide in slides:
        if (length := len(slide.title) + len(slide.description)) > LONGEST_SLIDE:
            raise BadInputError(
                f"Slide {slide.number} has {length:,} characters; {LONGEST_SLIDE:,} is the most:"
                " shorten it or divide it.",
                code="SLIDE_TOO_LONG",
            )


def _number(entries: Sequence[object]) -> list[int]:
    """Return the slides' own numbers if they are distinct, else their positions from 1.

    A slide without one gets the first free number after the slide before it.
    """
    own = [_own_number(entry) for entry in entries]
    given = {number for number in own if number is not None}
    if 0 in given or len(given) < sum(number is not None for number in own):
        return [*range(1, len(entries) + 1)]
    numbers: list[int] = []
    last = 0
    for number in own:
        last = number if number is not None else _first_free(given, last + 1)
        given.add(last)
        numbers.append(last)
    return numbers


def _first_free(taken: set[int], number: int) -> int:
    while number in taken:
        number += 1
    return number


def _own_number(entry: object) -> int | None:
    for name, value in _fields(entry):
        if name in _NUMBERS:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return int(value) if 0 <= value < _HIGHEST and value == int(value) else None
            if isinstance(value, str) and value.strip().isdecimal() and len(value) < 7:
                return int(value)
    return None


def _fields(entry: object) -> list[tuple[str, object]]:
    if not isinstance(entry, Mapping):
        return []
    given = cast("Mapping[str, object]", entry).items()
    return [(_NOT_LETTER.sub("", str(name).lower()), value) for name, value in given]


def _read(entry: object, number: int) -> SlideText:
    fields = _fields(entry)
    if not fields:
        lines = [line for line in _lines(entry, 0) if line]
        return SlideText(number, lines[0] if lines else "", _join(lines[1:]), "")
    title_name = next((n for n in _TITLES for name, v in fields if name == n and _first(v)), "")
    title = next((_first(value) for name, value in fields if name == title_name), "")
    section = next((_first(value) for name, value in fields if name in _SECTIONS), "")
    spoken = [
        (name, value)
        for name, value in fields
        if name != title_name and name not in (*_NUMBERS, *_SECTIONS) and name not in _NO_WORDS
    ]
    spoken.sort(key=lambda field: _rank(field[0]))
    lines = [line for _, value in spoken for line in _lines(value, 0) if line]
    if not title and lines:
        title, *lines = lines
    return SlideText(number, title, _join(line for line in lines if line != title), section)


def _rank(name: str) -> int:
    if name in _FIRST:
        return _FIRST.index(name)
    return len(_FIRST) + 1 if name in _LAST else len(_FIRST)


def _first(value: object) -> str:
    return next((line for line in _lines(value, 0) if line), "")


def _lines(value: object, depth: int) -> Iterator[str]:
    """Yield the words of a value, one line, bullet or cell each."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        for line in strip_markdown(value).split("\n"):
            is_spoken = _WORD.search(line) and not _NO_SPEECH.fullmatch(line)
            yield " ".join(line.split()) if is_spoken else ""
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _lines(item, depth + 1)
    elif isinstance(value, Mapping):
        for name, item in _fields(cast("Mapping[str, object]", value)):
            if name not in _NO_WORDS and (name in _FIGURES or not _is_number(item)):
                yield from _lines(item, depth + 1)
    elif _is_number(value) and depth:
        yield str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _join(given: Iterable[str]) -> str:
    """Join lines to sentences: bullets seldom end in a full stop."""
    lines = list(given)
    if len(lines) < 2:
        return "".join(lines)
    return " ".join(line if _LINE_END.search(line) else f"{line}." for line in lines)
