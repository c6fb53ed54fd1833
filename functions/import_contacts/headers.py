"""Recognizes what a column holds by its name: headers.toml has the names."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from .words import fold

_USUAL_RANK: Final = 2
_SHORT: Final = 5
_VALUE: Final = " value"
_LABELS: Final = (" label", " type")


@dataclass(frozen=True, slots=True)
class PhoneName:
    """A name of a column of phone numbers; the lowest rank is called first. `is_weak`: perhaps."""

    rank: int
    is_weak: bool = False


def field_of(header: str) -> str | None:
    """Return the contact field, `country` or `calling_code` that a column's name stands for."""
    name = fold(header)
    return next((_names()[form] for form in _forms(name) if form in _names()), None) or (
        "country" if _is_country(name) else None
    )


def _forms(name: str) -> Iterator[str]:
    """Yield a name as it is, without its number, and without what exports put around it."""
    yield name
    yield name.rstrip("0123456789 ")
    around = _around()
    first, _, rest = name.partition(" ")
    inner = rest if first in around["before"] else name
    yield inner
    start, _, last = inner.rpartition(" ")
    if last in around["after"]:
        yield start


def _is_country(name: str) -> bool:
    """Return whether the name is of a country's words and those that stand beside them alone."""
    words = set(name.split())
    country = _country()
    return bool(words & country["words"]) and words <= country["words"] | country["beside"]


@lru_cache(maxsize=4096)
def find_phone_name(header: str) -> PhoneName | None:
    """Return whether the name is one of phone numbers, and which are called first."""
    name = fold(header)
    words = [part for word in name.split() for part in _split_compound(word)]
    vocabulary = _phone()
    if not vocabulary["not_words"].isdisjoint(words):
        return None
    if name in vocabulary["names"] or any(map(_is_phone_word, words)):
        return PhoneName(rank_words(words))
    return PhoneName(rank_words(words), is_weak=True) if name in vocabulary["weak"] else None


def _split_compound(word: str) -> list[str]:
    """Return the parts of `haupttelefon`; a word without its number otherwise."""
    bare = word.rstrip("0123456789") or word
    for ending in _phone()["endings"]:
        if bare.endswith(ending) and len(bare) > len(ending) + 2:
            return [bare.removesuffix(ending), ending]
    return [bare]


def rank_words(words: list[str]) -> int:
    """Return the rank of the first group of words, as headers.toml orders them, that has one."""
    for rank, group in _phone()["ranks"].items():
        if not group.isdisjoint(words):
            return rank
    return _USUAL_RANK


def is_number_of_other_kind(label: str) -> bool:
    """Return whether the label of a number says that nobody answers there: a fax, a pager."""
    return any(word in {"fax", "telefax", "pager", "beeper"} for word in fold(label).split())


def find_labels(header: str, headers: frozenset[str]) -> list[str]:
    """Return the columns that label this one: `Phone 1 - Type` for `Phone 1 - Value`."""
    name = fold(header)
    if not name.endswith(_VALUE):
        return []
    base = name.removesuffix(_VALUE)
    return [other for other in headers if fold(other) in {base + label for label in _LABELS}]


def is_record_name(header: str) -> bool:
    """Return whether the name is one of record numbers."""
    return not _phone()["record_words"].isdisjoint(fold(header).split())


def _is_phone_word(word: str) -> bool:
    vocabulary = _phone()
    if word in vocabulary["exact"]:
        return True
    if word.isascii():
        return word.startswith(vocabulary["prefixes"])
    return any(stem in word for stem in vocabulary["foreign"])


@cache
def _names() -> dict[str, str]:
    vocabulary = _read()
    found = {
        word: name for name, listed in vocabulary["fields"].items() for word in split_words(listed)
    }
    country = vocabulary["country"]
    found |= dict.fromkeys(split_words(country["names"]), "country")
    return found | dict.fromkeys(split_words(country["calling_codes"]), "calling_code")


@cache
def _around() -> dict[str, frozenset[str]]:
    return {name: frozenset(split_words(words)) for name, words in _read()["around"].items()}


@cache
def _country() -> dict[str, frozenset[str]]:
    given = _read()["country"]
    return {name: frozenset(split_words(given[name])) for name in ("words", "beside")}


@cache
def _phone() -> dict[str, Any]:
    given = _read()["phone"]
    stems = [fold(stem) for stem in split_words(given["stems"])]
    return {
        "exact": frozenset(stems),
        "prefixes": tuple(stem for stem in stems if stem.isascii() and len(stem) >= _SHORT),
        "endings": tuple(split_words(given["endings"])),
        "foreign": tuple(stem for stem in stems if not stem.isascii()),
        "names": frozenset(split_words(given["names"])),
        "weak": frozenset(fold(word) for word in split_words(given["weak"])),
        "not_words": frozenset(split_words(given["not_words"])),
        "record_words": frozenset(split_words(given["record_words"])),
        "ranks": {
            int(rank): frozenset(fold(word) for word in split_words(words))
            for rank, words in given["ranks"].items()
        },
    }


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("headers.toml").read_text("utf-8"))


def split_words(listed: str) -> list[str]:
    """Return the entries of a list that is separated by commas."""
    return [entry for entry in (part.strip() for part in listed.split(",")) if entry]
