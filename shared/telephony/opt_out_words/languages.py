"""Languages in which opt-outs are known: a file each, read once and compiled."""

import re
import threading
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_NAMES: Final = ("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")
_APOSTROPHES: Final = re.compile("['`\u2018\u2019\u00b4]")
_PUNCTUATION: Final = re.compile(r"[^\w\s]+")
_WORD: Final = re.compile(r"\w+")
_APART: Final = frozenset({"fr", "it", "pt", "es"})
_LETTERS: Final = str.maketrans({"ł": "l", "ß": "ss", "ة": "ه", "ى": "ي", "-": " ", "\u2010": " "})
_DEPTH: Final = 4  # words may use words
_SCRIPTS: Final = {
    "ar": re.compile("[\u0600-\u06ff]"),
    "ja": re.compile("[\u3040-\u30ff\u4e00-\u9fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "zh": re.compile("[\u4e00-\u9fff]"),
}
_LATIN: Final = re.compile("[A-Za-z]")
_LOADING: Final = threading.Lock()
_LEAST_SHARE: Final = 0.6  # of the small words that the likeliest language has


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to opt out. A lenient one gives way to a time, another number or another person.

    A firm one holds whatever the talk is about; others give way to the language's `topics`.
    """

    find: re.Pattern[str]
    unless: re.Pattern[str] | None
    is_lenient: bool
    is_firm: bool


@dataclass(frozen=True, slots=True)
class Language:
    """The rules of a language; `letters` are replaced first, as traditional characters are."""

    name: str
    script: re.Pattern[str]
    letters: Mapping[int, str]
    marks: frozenset[str]
    rules: tuple[Rule, ...]
    unless: re.Pattern[str]
    topics: re.Pattern[str] | None
    asides: re.Pattern[str] | None
    lenient_unless: re.Pattern[str]
    henceforth: re.Pattern[str]
    turn_unless: re.Pattern[str] | None
    whole: re.Pattern[str]
    keywords: re.Pattern[str] | None
    offers: re.Pattern[str]
    agreement: re.Pattern[str]

    def count_marks(self, text: str) -> int:
        """Count the language's small words in a text that is simplified."""
        return sum(word in self.marks for word in _WORD.findall(text))

    def limits(self, text: str) -> bool:
        """Whether a simplified text names another time, number or person to call."""
        return bool(self.turn_unless and self.turn_unless.search(strip_marks(text)))

    def is_limited(self, clause: str) -> bool:
        """Whether a clause names another time, number or person; "from now on" is none."""
        return bool(self.lenient_unless.search(self.henceforth.sub(" ", clause)))

    def is_off_topic(self, clause: str) -> bool:
        """Whether a clause is about an order, a contract or the like."""
        return bool(self.topics and self.topics.search(clause))

    def drop_asides(self, sentence: str) -> str:
        """Drop what says nothing about calls: that one heard badly, or is not disturbed."""
        return self.asides.sub(", ", sentence) if self.asides else sentence

    def simplify(self, text: str) -> str:
        """Lower case without accents; apostrophes are spaces where they join words."""
        plain = _APOSTROPHES.sub(" " if self.name in _APART else "", text.lower())
        return _fold(plain.translate(_LETTERS)).translate(self.letters)


def strip_marks(text: str) -> str:
    """Drop punctuation, and all but one of several spaces."""
    return " ".join(_PUNCTUATION.sub(" ", text).split())


def _fold(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def are_loaded() -> bool:
    """Whether `load_languages` is done, which compiles for most of a second."""
    return bool(_load.cache_info().currsize)


def load_languages() -> tuple[Language, ...]:
    """Return all languages; threads that ask for them at once compile them once."""
    with _LOADING:
        return _load()


@cache
def _load() -> tuple[Language, ...]:
    return tuple(_read_language(name) for name in _NAMES)


def select_languages(text: str) -> list[Language]:
    """Return the languages that a text may be in, by its script and by its small words."""
    languages = [each for each in load_languages() if each.script.search(text)]
    counts = [each.count_marks(each.simplify(text)) for each in languages]
    most = max(counts, default=0)
    least = min(most * _LEAST_SHARE, most - 1)
    return [
        language
        for language, count in zip(languages, counts, strict=True)
        if count >= least or not language.marks
    ]


def _read_language(name: str) -> Language:
    text = Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8")
    read: dict[str, Any] = tomllib.loads(text)
    words: dict[str, str] = read["words"]
    letters = str.maketrans(*read["letters"]) if "letters" in read else {}

    def compile_all(patterns: Sequence[str]) -> re.Pattern[str]:
        joined = "|".join(_expand(pattern, words) for pattern in patterns)
        return re.compile(_fold(joined).translate(letters))

    def compile_some(patterns: Sequence[str] | None) -> re.Pattern[str] | None:
        return compile_all(patterns) if patterns else None

    return Language(
        name=name,
        script=_SCRIPTS.get(name, _LATIN),
        letters=letters,
        marks=frozenset(read.get("marks", ())),
        rules=tuple(
            Rule(
                find=compile_all(rule["find"]),
                unless=compile_some(rule.get("unless")),
                is_lenient=rule.get("lenient", False),
                is_firm=rule.get("firm", False),
            )
            for rule in read["rules"]
        ),
        unless=compile_all(read["unless"]),
        topics=compile_some(read.get("topics")),
        asides=compile_some(read.get("asides")),
        lenient_unless=compile_all(read["lenient_unless"]),
        henceforth=compile_all(read["henceforth"]),
        turn_unless=compile_some(read.get("turn_unless")),
        whole=compile_all(read["whole"]),
        keywords=compile_some(read.get("keywords")),
        offers=compile_all(read["offers"]),
        agreement=compile_all([read["agreement"]]),
    )


def _expand(pattern: str, words: Mapping[str, str]) -> str:
    for _ in range(_DEPTH):
        for name, alternatives in words.items():
            pattern = pattern.replace(f"{{{name}}}", alternatives)
    return pattern
