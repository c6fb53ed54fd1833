"""Detects whether a prompt is safe for work, by the words of content_words.toml.

Words are compared whole, without case and accents, so that Essex is a county and a cockpit part of
a plane. What is harmless as a phrase ("naked eye") does not count, nor does a word after a negation
("no nudity"). A word list chooses a template; it is no moderation.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Final, Literal, cast

ContentMode = Literal["sfw", "nsfw"]

_WORDS: Final = Path(__file__).with_name("content_words.toml")
_WORD: Final = re.compile(r"[^\W_]+")
_LATIN_MARKS: Final = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_INVISIBLE: Final = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]")
_SPELLED: Final = re.compile(r"(?<!\w)(?:[^\W\d_][.\-_*]){2,20}[^\W\d_](?!\w)")  # n.u.d.e
_DISGUISED: Final = re.compile(
    r"(?<![\w@$])(?=[\w@$]*[a-z])(?=[\w@$]*[01345@$])[\w@$]{3,20}(?![\w@$])"
)
_DISGUISES: Final = str.maketrans("01345@$", "oieasas")
_SAME_LETTERS: Final = str.maketrans({"\u0451": "\u0435", "\u0131": "i", "œ": "oe"})
_LONGEST_PREFIX: Final = 16
_SCRIPTS: Final = ("\u30a0-\u30ff", "\uac00-\ud7a3")


def detect_content_mode(text: str) -> ContentMode:
    """Return nsfw for a prompt for adults, else sfw."""
    simple = _simplify(text)
    if not simple.isascii() and _unspaced().search(_harmless_unspaced().sub(" ", simple)):
        return "nsfw"
    terms = _terms()
    words = [*_WORD.findall(simple), *_undisguise(simple)]
    weak: set[str] = set()
    for found in _meant(words, terms):
        if found.is_strong:
            return "nsfw"
        weak.add(found.text)
    return "nsfw" if len(weak) > 1 else "sfw"


def content_terms() -> list[str]:
    """Return the terms that decide alone, for the stored snapshot."""
    words = _read()
    return [*words["strong"], *words["unspaced"]]


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    is_strong: bool


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Terms by their first word, and one-word terms that take any ending."""

    phrases: dict[str, list[tuple[tuple[str, ...], bool]]]
    prefixes: frozenset[str]

    def match(self, words: Sequence[str], at: int) -> int:
        """Return the number of words of the longest term at this position, 0 if there is none."""
        longest = 0
        for term, is_open in self.phrases.get(words[at], ()):
            given = words[at : at + len(term)]
            if len(given) == len(term) and _is_term(given, term, is_open=is_open):
                longest = max(longest, len(term))
        if longest:
            return longest
        sizes = range(3, min(len(words[at]), _LONGEST_PREFIX) + 1)
        return int(any(words[at][:size] in self.prefixes for size in sizes))


@dataclass(frozen=True, slots=True)
class _Terms:
    strong: _Lexicon
    weak: _Lexicon
    harmless: _Lexicon
    negations: frozenset[str]
    conjunctions: frozenset[str]


def _meant(words: Sequence[str], terms: _Terms) -> Iterator[_Found]:
    """Yield the terms of a text that are neither part of a harmless phrase nor negated."""
    at = 0
    is_negated = False
    while at < len(words):
        if skipped := terms.harmless.match(words, at):
            at += skipped
            continue
        strong = terms.strong.match(words, at)
        size = strong or terms.weak.match(words, at)
        if size and not is_negated:
            yield _Found(words[at], bool(strong))
        if not size and words[at] not in terms.conjunctions:
            is_negated = words[at] in terms.negations
        at += size or 1


def _is_term(given: Sequence[str], term: tuple[str, ...], *, is_open: bool) -> bool:
    *first, last = term
    same = list(given[:-1]) == first
    return same and (given[-1].startswith(last) if is_open else given[-1] == last)


def _undisguise(text: str) -> Iterator[str]:
    """Yield words whose letters were replaced or set apart: p0rn, n.u.d.e."""
    for found in _SPELLED.finditer(text):
        yield "".join(_WORD.findall(found[0]))
    for found in _DISGUISED.finditer(text):
        yield found[0].translate(_DISGUISES)


def _simplify(text: str) -> str:
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    folded = unicodedata.normalize("NFKD", visible.casefold())
    # Marks are dropped from Latin letters only: in other scripts they make other letters.
    plain = unicodedata.normalize("NFC", _LATIN_MARKS.sub("", folded))
    return plain.translate(_SAME_LETTERS)


@cache
def _read() -> dict[str, list[str]]:
    return cast("dict[str, list[str]]", loads(_WORDS.read_text(encoding="utf-8")))


@cache
def _terms() -> _Terms:
    words = _read()
    return _Terms(
        _lexicon(words["strong"]),
        _lexicon(words["weak"]),
        _lexicon(words["harmless"]),
        frozenset(map(_simplify, words["negations"])),
        frozenset(map(_simplify, words["conjunctions"])),
    )


def _lexicon(terms: Iterable[str]) -> _Lexicon:
    phrases: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
    prefixes: set[str] = set()
    for term in terms:
        is_open = term.endswith("*")
        words = tuple(_WORD.findall(_simplify(term.removesuffix("*"))))
        if is_open and len(words) == 1:
            prefixes.add(words[0])
        else:
            phrases.setdefault(words[0], []).append((words, is_open))
    return _Lexicon(phrases, frozenset(prefixes))


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile("|".join(map(_unspaced_pattern, _read()["unspaced"])))


def _unspaced_pattern(word: str) -> str:
    """Match it unless letters of its own script, if that is an alphabet, precede it."""
    own = next((letters for letters in _SCRIPTS if re.match(f"[{letters}]", word)), None)
    return f"(?<![{own}]){word}" if own else word


@cache
def _harmless_unspaced() -> re.Pattern[str]:
    return re.compile("|".join(_read()["harmless_unspaced"]))
