"""Limit a section to its lines and words, without repetition: a voice agent needs one page."""

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
class LineBudget:
    """The limits of a section: lines, words per line, words in total."""

    lines: int
    line_words: int
    words: int

    def allows(self, lines: Sequence[str]) -> bool:
        return len(lines) <= self.lines and sum(map(count_words, lines)) <= self.words


@dataclass(slots=True)
class Deduplicator:
    """Selects lines that do not repeat earlier ones."""

    _earlier: list[str] = field(default_factory=list[str], init=False)

    def select(self, lines: Iterable[str], budget: LineBudget) -> list[str]:
        """Return the new lines, shortened; lines beyond the budget are left out."""
        selected: list[str] = []
        for line in lines:
            short = shorten(line, budget.line_words)
            if short and not self.repeats(short) and budget.allows([*selected, short]):
                selected.append(short)
                self.remember(short)
        return selected

    def repeats(self, text: str) -> bool:
        """Return whether the text is part of an earlier one, or an earlier one is part of it."""
        words = _words_only(text)
        return any(words in earlier or _is_part(earlier, words) for earlier in self._earlier)

    def remember(self, text: str) -> None:
        self._earlier.append(_words_only(text))


def shorten(text: str, words: int) -> str:
    """Keep whole sentences within `words`; cut the first one if it alone is longer."""
    kept = ""
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        longer = f"{kept} {sentence}".strip()
        if count_words(longer) > words:
            break
        kept = longer
    return kept or _cut(text, words)


def count_words(text: str) -> int:
    """Count words; text without spaces counts by its length."""
    return max(len(text.split()), len(text) // _LONGEST_WORD)


def join_alike(lines: Iterable[str]) -> Iterator[str]:
    """Join neighbours with the same label: `Reply to: a`, `Reply to: b` → `Reply to: a, b`."""
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


def _is_part(earlier: str, words: str) -> bool:
    """Return whether `earlier` occurs in `words`; one or two words may occur again."""
    return earlier in words and len(earlier.split()) >= _LEAST_REPEATED
