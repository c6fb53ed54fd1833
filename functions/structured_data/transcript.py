"""What is known of a stored transcript before its chunks are read."""

from dataclasses import dataclass
from typing import Any, cast

from shared.errors import ConflictError
from shared.llm.embeddings import Embeddings


@dataclass(frozen=True, slots=True)
class Transcript:
    """A row of transcripts; its vectors are of `embedding_model` from `embedding_origin`."""

    id: str
    chunk_count: int
    embedding_model: str | None
    embedding_origin: str | None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Transcript":
        """Parse a row; owners can write it too, so every field is checked."""
        given: Any = row["metadata"]
        metadata = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
        count = metadata.get("chunk_count")
        if not isinstance(count, int) or count < 1:
            raise unreadable_transcript()
        return cls(
            row["id"], count, metadata.get("embedding_model"), metadata.get("embedding_origin")
        )

    def is_comparable(self, queries: Embeddings) -> bool:
        """Return whether its vectors are comparable with those of the queries."""
        own = (self.embedding_model, self.embedding_origin)
        return own == (queries.model, queries.origin)


def unreadable_transcript() -> ConflictError:
    """Build the error for rows that process-transcript did not write."""
    return ConflictError(
        "The stored transcript is incomplete: call process-transcript again.",
        code="TRANSCRIPT_INCOMPLETE",
    )
