"""Chunks of a transcript back into running text, nothing twice and gaps marked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from .transcript import unreadable_transcript

Retrieval = Literal["all", "search", "even"]
GAP: Final = "\n[…]\n"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored chunk: `text` is the transcript from `start` up to, not with, `end`."""

    id: str
    index: int
    text: str
    start: int
    end: int

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Chunk":
        place = row["metadata"]
        try:
            start, end = int(place["char_start"]), int(place["char_end"])
        except (KeyError, TypeError, ValueError):  # owners can write the row by themselves too
            raise unreadable_transcript() from None
        return cls(row["id"], row["chunk_index"], row["chunk_text"], start, end)


@dataclass(frozen=True, slots=True)
class Excerpts:
    """The chunks of one stored transcript that are to be analysed, in order.

    `retrieval` is how they were chosen: all there are, by vector search, or evenly spread because
    the stored vectors are those of another model than answers now.
    """

    transcript_id: str
    chunks: list[Chunk]
    retrieval: Retrieval

    @property
    def text(self) -> str:
        return stitch(self.chunks)


def stitch(chunks: Iterable[Chunk]) -> str:
    """Join the chunks to the text that they cover."""
    parts: list[str] = []
    reached = 0
    for chunk in sorted(chunks, key=lambda chunk: chunk.start):
        if chunk.start > reached:
            parts.append(GAP)
        parts.append(chunk.text[max(reached - chunk.start, 0) :])
        reached = max(reached, chunk.end)
    return "".join(parts)
