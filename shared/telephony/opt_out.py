"""Finds in a transcript that a person wants no more calls; the words are in opt_out.toml."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

_WORDS: Final = Path(__file__).with_name("opt_out.toml")
_SIDES: Final = ("user", "agent")
_CLAUSE_END: Final = re.compile(r"[.!?;,:\n]+|\bbut\b|\band\b")
_MOST_TURNS: Final = 5_000  # more than two hours hold
_APOSTROPHES: Final = re.compile("['`\u2018\u2019\u00b4]")


# What one side says until the other does: whether it is the user, and the text.
Turn = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class _Words:
    stems: tuple[str, ...]
    clauses: re.Pattern[str]
    unless: re.Pattern[str]
    offer_stems: tuple[str, ...]
    offers: re.Pattern[str]
    agreement: re.Pattern[str]


def find_opt_out(call: Mapping[str, Any]) -> str | None:
    """The words by which the person asked for it, if so."""
    words = _read_words()
    turns = list(islice(read_turns(call), _MOST_TURNS))
    is_said = _has_stem(words.stems, [text for is_user, text in turns if is_user])
    is_offered = _has_stem(words.offer_stems, [text for is_user, text in turns if not is_user])
    return _find_in_turns(turns, words) if is_said or is_offered else None


def _has_stem(stems: Sequence[str], texts: Sequence[str]) -> bool:
    """Most conversations never come near it, which is seen at once in all that a side says."""
    said = _simplify("\n".join(texts))
    return any(stem in said for stem in stems)


def _find_in_turns(turns: Sequence[Turn], words: _Words) -> str | None:
    offer = ""
    for is_user, said in turns:
        if not is_user:
            offer = said
            continue
        text = _simplify(said)
        if words.agreement.search(text.strip()) and words.offers.search(_simplify(offer)):
            return said
        if any(stem in text for stem in words.stems) and (clause := _find_clause(text, words)):
            return clause
    return None


def _find_clause(text: str, words: _Words) -> str | None:
    for part in _CLAUSE_END.split(text):
        clause = " ".join(part.split())
        if words.clauses.search(clause) and not words.unless.search(clause):
            return clause
    return None


def read_turns(call: Mapping[str, Any]) -> Iterator[Turn]:
    """Who said what: from the transcript in pieces if there is one, else from its text."""
    pieces: Any = call.get("transcript_object")
    if isinstance(pieces, list) and pieces:
        yield from _read_pieces(cast("list[Any]", pieces))
        return
    text: Any = call.get("transcript")
    for line in text.splitlines() if isinstance(text, str) else ():
        name, _, said = line.partition(":")
        side = name.strip().lower()
        if side in _SIDES:
            yield side == "user", said.strip()


def _read_pieces(pieces: Sequence[Any]) -> Iterator[Turn]:
    for piece in pieces:
        if isinstance(piece, dict):
            said = cast("dict[str, Any]", piece)
            if isinstance(said.get("content"), str):
                yield said.get("role") == "user", said["content"]


def _simplify(text: str) -> str:
    """Lower case without apostrophes and accents."""
    plain = _APOSTROPHES.sub("", text.lower())
    if plain.isascii():
        return plain
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@cache
def _read_words() -> _Words:
    read = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return _Words(
        stems=tuple(read["stems"]),
        clauses=re.compile("|".join(read["clauses"])),
        unless=re.compile("|".join(read["unless"])),
        offer_stems=tuple(read["offer_stems"]),
        offers=re.compile("|".join(read["offers"])),
        agreement=re.compile(read["agreement"]),
    )
