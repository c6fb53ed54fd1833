"""Counts CLIP's tokens approximately, and shortens a prompt to a model's limit.

Without the vocabulary this is an estimate on the safe side: a word of ordinary length is one token,
a longer one a token for each eight letters, a digit or mark one each, and other scripts about a
token for each two bytes of UTF-8.
"""

import math
import re
from dataclasses import dataclass
from typing import Final

# CLIP takes 77 tokens with its marks of start and end; WAN's encoder would take more.
TOKEN_LIMITS: Final = {"sdxl": 75, "wan": 100}
LEAST_TOKENS: Final = 10  # what is left for the prompt, whatever the user's settings take

_TOKEN: Final = re.compile(r"[^\W\d_]+|\d|[^\s\w]|_")
_LETTERS: Final = 8
_CLAUSE_ENDS: Final = frozenset(",.;!?。，、；")
_GOOD_CUT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text within its limit, its tokens, and whether words were left out."""

    text: str
    tokens: int
    is_cut: bool


def count_tokens(text: str) -> int:
    """Return about how many tokens CLIP makes of the text."""
    return sum(_size(found[0]) for found in _TOKEN.finditer(text))


def shorten(text: str, limit: int) -> Shortened:
    """Cut the text to `limit` tokens, at the end of a clause if one is near, else of a word."""
    used = 0
    clause_end, clause_used = 0, 0
    word_end, word_used = 0, 0
    for found in _TOKEN.finditer(text):
        size = _size(found[0])
        if used + size > limit:
            end, tokens = (
                (clause_end, clause_used)
                if clause_used >= limit * _GOOD_CUT
                else (word_end, word_used)
            )
            return Shortened(text[:end].rstrip(" ,;、，"), tokens, is_cut=True)
        if found[0] in _CLAUSE_ENDS:
            clause_end, clause_used = found.start(), used
        used += size
        word_end, word_used = found.end(), used
    return Shortened(text.strip(), used, is_cut=False)


def _size(token: str) -> int:
    if token.isascii():
        return math.ceil(len(token) / _LETTERS)
    return math.ceil(len(token.encode("utf-8", "replace")) / 2)
