"""A job from the database: its public state, and the claim with deck and lease."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from .deck import Chunk, Deck
from .script import Script, read_saved

_PUBLIC_FIELDS: Final = (
    "status",
    "progress",
    "current_chunk",
    "total_chunks",
    "error_message",
    "talk_track_id",
)


@dataclass(frozen=True, slots=True)
class State:
    """The public state of a job."""

    id: UUID
    fields: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "State":
        return cls(UUID(row["id"]), {name: row[name] for name in _PUBLIC_FIELDS})

    @property
    def status(self) -> str:
        return self.fields["status"]

    def render(self) -> dict[str, Any]:
        return dict(self.fields)


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased job, and what is needed to process it."""

    state: State
    lease_token: str
    deck: Deck
    chunk_size: int
    saved: Mapping[int, Script]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Claim":
        saved = {chunk["index"]: read_saved(chunk) for chunk in row["chunks"]}
        deck = Deck.from_row(row["deck"])
        return cls(State.from_row(row["job"]), row["lease_token"], deck, row["chunk_size"], saved)

    @property
    def id(self) -> UUID:
        return self.state.id

    def missing_chunks(self) -> list[Chunk]:
        """Return the chunks that are not saved yet, in order."""
        chunks = self.deck.split(self.chunk_size)
        return [chunk for chunk in chunks if chunk.index not in self.saved]
