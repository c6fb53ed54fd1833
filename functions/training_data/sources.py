"""Sources of examples: the chunks of the transcript in which an answer stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk of a transcript."""

    id: str
    text: str


class Sources:
    """The chunks of one transcript; neighbours overlap."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = [(chunk.id, _words(chunk.text)) for chunk in chunks]

    def find(self, text: str) -> list[str]:
        """Return the ids of the chunks that hold the words in order, else of the nearest one."""
        words = _words(text)
        found = [chunk for chunk, text in self._chunks if words in text]
        if found or not self._chunks:
            return found
        asked = set(words.split())
        nearest = max(self._chunks, key=lambda each: len(asked & set(each[1].split())))
        return [nearest[0]]


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
