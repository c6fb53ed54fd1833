"""Saying things once, and shortly: a voice agent follows a page, not a report."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+")
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_ELLIPSIS: Final = "…"
_LONGEST_WORD: Final = 12  # on average: what is written without spaces has long "words"
_LEAST_REPEATED: Final = 3


@dataclass(frozen=True, slots=True)
class Room:
    """What a section may take: lines, words of a line, words in all."""

    lines: int
    line_words: int
    words: int

    def holds(self, lines: Sequence[str]) -> bool:
        return len(lines) <= self.lines and sum(map(count_words, lines)) <= self.words


@dataclass(slots=True)
class Once:
    """Remembers what has been said, so that nothing is said again."""

    _said: list[str] = field(default_factory=list[str], init=False)

    def take(self, lines: Iterable[str], room: Room) -> list[str]:
        """The lines that say something new, shortened; what does not fit in is left out."""
        taken: list[str] = []
        for line in lines:
            short = shorten(line, room.line_words)
            if short and not self.repeats(short) and room.holds([*taken, short]):
                taken.append(short)
                self.remember(short)
        return taken

    def repeats(self, text: str) -> bool:
        """Whether it, or most of it, was said: alone, or as part of something else."""
        words = _words_only(text)
        return any(words in said or _is_part(said, words) for said in self._said)

    def remember(self, text: str) -> None:
        self._said.append(_words_only(text))


def shorten(text: str, words: int) -> str:
    """Whole sentences within so many words; of a first one that is longer, its beginning."""
    kept = ""
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        longer = f"{kept} {sentence}".strip()
        if count_words(longer) > words:
            break
        kept = longer
    return kept or _cut(text, words)


def count_words(text: str) -> int:
    return max(len(text.split()), len(text) // _LONGEST_WORD)


def join_alike(lines: Iterable[str]) -> Iterator[str]:
    """`Reply to: a`, `Reply to: b` become one line, `Reply to: a, b`."""
    for head, group in groupby(lines, key=lambda line: line.partition(": ")[0]):
        same = list(group)
        tails = (line.partition(": ")[2] for line in same)
        yield same[0] if len(same) == 1 else f"{head}: {', '.join(tails)}"


def _cut(text: str, words: int) -> str:
    beginning = " ".join(text.split()[:words])[: words * _LONGEST_WORD].rstrip(" ,;:-")
    is_open = beginning.count("“") > beginning.count("”")
    return f"{beginning}{_ELLIPSIS}{'”' if is_open else ''}" if beginning else ""


def _words_only(text: str) -> str:
    return f" {_NOT_WORDS.sub(' ', text).strip().casefold()} "


def _is_part(said: str, words: str) -> bool:
    """A word or two may well occur again."""
    return said in words and len(said.split()) >= _LEAST_REPEATED
