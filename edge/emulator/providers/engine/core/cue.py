"""Cues: phrases with gaps and alternatives, indexed for matching against many sentences.

Notation, one word per token: `a|b` either word, `integrat~` any word with that beginning,
`_` a space inside an alternative, `#` a number, `*` up to four words of any kind, `^` the start
of the sentence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge.emulator.providers.engine.core.sentence import Sentence
from edge.emulator.providers.engine.core.words import STOP_WORDS

Tag = TypeVar("Tag")

_NUMBER = (
    r"(?:\d\S*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|sixty|hundreds?|thousands?|dozens?|half|quarter) "
)
_KEY_LENGTH = 4
_SPECIAL = {"^": "", "*": r"(?:\S+ ){0,4}?", "#": _NUMBER}


@dataclass(frozen=True, slots=True)
class _Cue(Generic[Tag]):
    pattern: re.Pattern[str]
    tag: Tag


class CueIndex(Generic[Tag]):
    """Finds the tags whose phrases occur in a sentence; tries only phrases that share a word."""

    def __init__(self, phrases: Mapping[Tag, Iterable[str]]) -> None:
        self._by_key: dict[str, list[_Cue[Tag]]] = {}
        for tag, texts in phrases.items():
            for text in texts:
                cue = _Cue(re.compile(_to_regex(text)), tag)
                for key in _anchor_keys(text):
                    self._by_key.setdefault(key, []).append(cue)

    def find(self, sentence: Sentence) -> tuple[Tag, ...]:
        """Return the tags found, in the order of the sentence's words."""
        found: dict[Tag, None] = {}
        for key in dict.fromkeys(word[:_KEY_LENGTH] for word in sentence.words):
            for cue in self._by_key.get(key, ()):
                if cue.tag not in found and cue.pattern.search(sentence.phrase):
                    found[cue.tag] = None
        return tuple(found)


def _to_regex(phrase: str) -> str:
    return "".join(["^ " if phrase.startswith("^") else " ", *map(_token_regex, phrase.split())])


def _token_regex(token: str) -> str:
    if token in _SPECIAL:
        return _SPECIAL[token]
    return f"(?:{'|'.join(_word_regex(word) for word in token.split('|'))}) "


def _word_regex(word: str) -> str:
    ending = r"\S*" if word.endswith("~") else ""
    return re.escape(word.removesuffix("~")).replace("_", " ") + ending


def _anchor_keys(phrase: str) -> set[str]:
    """Return the prefixes of the words of the phrase's rarest token."""
    tokens = [token.split("|") for token in phrase.split() if token not in _SPECIAL]
    rarest = max(tokens, key=_rarity)
    longest = (max(word.removesuffix("~").split("_"), key=len) for word in rarest)
    return {word[:_KEY_LENGTH] for word in longest}


def _rarity(words: list[str]) -> tuple[bool, int]:
    is_prefix_too_short = any(word.endswith("~") and len(word) <= _KEY_LENGTH for word in words)
    if is_prefix_too_short:
        return False, 0
    return all(word not in STOP_WORDS for word in words), min(len(word) for word in words)
