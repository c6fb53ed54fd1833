"""Languages in which opt-outs are known: a file each, read once and compiled."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILES: Final = (
    "ar.toml",
    "de.toml",
    "en.toml",
    "es.toml",
    "fr.toml",
    "it.toml",
    "ja.toml",
    "nl.toml",
    "pl.toml",
    "pt.toml",
    "ru.toml",
    "zh.toml",
)
_APOSTROPHES: Final = re.compile("['`\u2018\u2019\u00b4]")
_APART: Final = frozenset({"fr", "it", "pt", "es"})
_LETTERS: Final = str.maketrans({"ł": "l", "ß": "ss", "ة": "ه", "ى": "ي", "-": " ", "\u2010": " "})
_SHORT: Final = 400  # characters


@dataclass(frozen=True, slots=True)
class Language:
    name: str
    marks: tuple[str, ...]
    stems: tuple[str, ...]
    clauses: re.Pattern[str]
    unless: re.Pattern[str]
    turn_unless: re.Pattern[str] | None
    whole: re.Pattern[str]
    keywords: re.Pattern[str] | None
    offers: re.Pattern[str]
    agreement: re.Pattern[str]

    def is_spoken_in(self, text: str) -> bool:
        """False for a longer text without any of the language's small words."""
        return len(text) < _SHORT or not self.marks or any(mark in text for mark in self.marks)

    def may_be_in(self, text: str) -> bool:
        return any(stem in text for stem in self.stems)


def simplify(text: str, language: str) -> str:
    """Lower case without accents; apostrophes are spaces where they join words, else nothing."""
    plain = _APOSTROPHES.sub(" " if language in _APART else "", text.lower())
    return _fold(plain.translate(_LETTERS))


def _fold(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


@cache
def load_languages() -> tuple[Language, ...]:
    return tuple(_read_language(Path(__file__).with_name(name)) for name in _FILES)


def _read_language(path: Path) -> Language:
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    words: dict[str, str] = read.get("words", {})

    def compile_all(key: str) -> re.Pattern[str]:
        return re.compile("|".join(_expand(pattern, words) for pattern in read[key]))

    return Language(
        name=path.stem,
        marks=tuple(read.get("marks", ())),
        stems=tuple(_fold(stem) for stem in read["stems"]),
        clauses=compile_all("clauses"),
        unless=compile_all("unless"),
        turn_unless=compile_all("turn_unless") if "turn_unless" in read else None,
        whole=compile_all("whole"),
        keywords=compile_all("keywords") if "keywords" in read else None,
        offers=compile_all("offers"),
        agreement=re.compile(_fold(read["agreement"])),
    )


def _expand(pattern: str, words: Mapping[str, str]) -> str:
    for _ in range(2):  # words may use words
        for name, alternatives in words.items():
            pattern = pattern.replace(f"{{{name}}}", alternatives)
    return _fold(pattern)
