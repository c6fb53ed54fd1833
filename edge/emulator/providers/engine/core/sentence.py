"""Sentence boundaries, as exact spans of the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from edge.emulator.providers.engine.core.words import split_words

Span = tuple[int, int]

_END = re.compile(r"[.!?…]+[\"'\u201d\u2019»)\]]*(?=\s|$)|[\u3002\uff01\uff1f]+[」』\u201d]?")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|approx|inc|ltd|co|corp|dept|est|fig)"
    r"|\b[A-Za-z](?:\.[A-Za-z])*)\.$",
    re.IGNORECASE,
)
_PRONOUN_END = re.compile(r"(?:^|\s)I\.$")
_CLAUSE = re.compile(
    r"(?:[,;:]\s+|\s+(?=(?:and|but|so|because|then)\s)|\s+[-\u2013—]\s+)", re.IGNORECASE
)
_ALWAYS_ENDS = "!?\u3002\uff01\uff1f"
_LONGEST_SENTENCE = 260
_LONGEST_PIECE = 160
_LOOK_BACK = 12


@dataclass(frozen=True)
class Sentence:
    """A span of the source, said in one turn."""

    start: int
    end: int
    text: str
    turn: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(split_words(self.text))

    @cached_property
    def phrase(self) -> str:
        """Words joined and surrounded by single spaces, for matching cues."""
        return f" {' '.join(self.words)} "


def split_sentences(text: str, start: int, end: int) -> list[Span]:
    """Return the spans of the sentences in text[start:end], without surrounding white space."""
    pieces: list[Span] = []
    for left, right in _cut_at_terminators(text, start, end):
        pieces.extend(_cut_overlong(text, left, right))
    return pieces


def _cut_at_terminators(text: str, start: int, end: int) -> Iterator[Span]:
    left = start
    for match in _END.finditer(text, start, end):
        if _is_boundary(text, match, end):
            yield from trim(text, left, match.end())
            left = match.end()
    yield from trim(text, left, end)


def _is_boundary(text: str, match: re.Match[str], end: int) -> bool:
    if match.group()[0] in _ALWAYS_ENDS:
        return True
    following = text[match.end() : min(end, match.end() + 3)].lstrip()[:1]
    before = text[max(0, match.start() - _LOOK_BACK) : match.start() + 1]
    if match.group() == "." and _ABBREVIATION.search(before) and not _PRONOUN_END.search(before):
        return False
    return not following.islower()


def _cut_overlong(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut unpunctuated runs, as from speech recognition, at a clause or a space."""
    longest = _LONGEST_SENTENCE
    while end - start > longest:
        longest = _LONGEST_PIECE
        cut = _last_clause(text, start, start + longest)
        yield from trim(text, start, cut)
        start = cut
    yield from trim(text, start, end)


def _last_clause(text: str, start: int, limit: int) -> int:
    middle = start + (limit - start) // 3
    clauses = [match.end() for match in _CLAUSE.finditer(text, middle, limit)]
    if clauses:
        return clauses[-1]
    space = text.rfind(" ", middle, limit)
    return space if space > start else limit


def trim(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the span without surrounding white space, unless it is empty."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
