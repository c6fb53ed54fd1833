"""Splitting a transcript into overlapping chunks that lose none of its text.

The text is first cut into short pieces at the best borders there are (paragraphs, lines, sentences,
words); a chunk is ten of them in a row, and the next chunk begins with the last of those ten. So a
chunk never passes 1000 tokens, and neighbours share up to 100 tokens, whole sentences where these
are not longer than that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from semantic_text_splitter import TextSplitter

MAX_TOKENS: Final = 1000
_PIECES: Final = 10
# A hundred less one: where two pieces meet, their tokens may count one more together than apart.
_PIECE_TOKENS: Final = MAX_TOKENS // _PIECES - 1
_TOKENIZER: Final = "text-embedding-3-small"
# The splitter looks at all that is left of its text for each piece; windows keep that linear, and
# this one is some ten pieces of English, fifty of Chinese.
_WINDOW: Final = 4_096


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some of the transcript: text[char_start:char_end], the `index`-th."""

    index: int
    text: str
    char_start: int
    char_end: int


def split_transcript(text: str) -> list[Chunk]:
    """Split a text into chunks, in order."""
    borders = [*_piece_starts(text), len(text)]
    last_piece = len(borders) - 1
    spans: list[tuple[int, int]] = []
    first = 0
    while not spans or spans[-1][1] < len(text):
        last = min(first + _PIECES, last_piece)
        spans.append((borders[first], borders[last]))
        first = last - 1
    return [Chunk(index, text[a:b], a, b) for index, (a, b) in enumerate(spans)]


def _piece_starts(text: str) -> Iterator[int]:
    """Yield the start of each piece; pieces adjoin without a gap."""
    start = 0
    while start < len(text):
        window = text[start : start + _WINDOW]
        pieces = _splitter().chunk_indices(window)
        is_end = start + len(window) == len(text)
        # The last piece of a window was cut by the window: the next one splits it again.
        kept = pieces if is_end or len(pieces) == 1 else pieces[:-1]
        yield from (start + offset for offset, _ in kept)
        last_offset, last_piece = kept[-1]
        start += last_offset + len(last_piece)


@cache
def _splitter() -> TextSplitter:
    return TextSplitter.from_tiktoken_model(_TOKENIZER, _PIECE_TOKENS, trim=False)
