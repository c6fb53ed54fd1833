"""Token counts: an estimate for usage, an exact count for limits (cl100k_base)."""

import re
from functools import lru_cache

from semantic_text_splitter import TextSplitter

_ENCODING_MODEL = "gpt-4"

# The pre-tokenizer of cl100k_base, written without \p classes: see openai/tiktoken. Pieces are
# bounded, since other threads wait while a regular expression matches one of a million characters.
_PIECE = re.compile(
    r"'(?:[sdmt]|ll|ve|re)|[^\r\n\w]?[^\W\d_]{1,4000}|\d{1,3}"
    r"| ?[^\s\w]{1,4000}[\r\n]{0,4000}|\s{0,4000}[\r\n]{1,4000}|\s{1,4000}(?!\S)|\s{1,4000}"
    r"|_{1,4000}",
    re.IGNORECASE,
)
_LONG_PIECE = 10
_LONGEST_TOKEN = 128


@lru_cache(maxsize=8)  # a request's input is counted for its limit and its usage
def count_tokens(text: str) -> int:
    """Estimate the tokens of a text, within a few percent of cl100k_base on English prose."""
    # One by one: other threads wait while a regular expression is applied to a whole text.
    return sum(_piece_cost(match.group()) for match in _PIECE.finditer(text))


def _piece_cost(piece: str) -> int:
    if len(piece) < _LONG_PIECE and piece.isascii():
        return 1
    return max(1, len(piece.encode("utf-8", "surrogatepass")) // 5)


def exceeds_tokens(text: str, limit: int) -> bool:
    """True if a text has more than `limit` tokens, counted exactly."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit or len(encoded) > limit * _LONGEST_TOKEN:
        return len(encoded) > limit
    return len(_splitter(limit).chunk_indices(encoded.decode())) > 1


@lru_cache(maxsize=8)
def _splitter(limit: int) -> TextSplitter:
    return TextSplitter.from_tiktoken_model(_ENCODING_MODEL, limit, trim=False)


def take_tokens(text: str, limit: int) -> str:
    """Return the longest beginning of the text within `limit` estimated tokens."""
    spent = 0
    for match in _PIECE.finditer(text):
        spent += _piece_cost(match.group())
        if spent > limit:
            return text[: match.start()]
    return text
