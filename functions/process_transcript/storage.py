"""The transcript in the database: found again, or stored with all its chunks in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.llm.embeddings import Embeddings, render_vector

from .chunking import Chunk

_TOLD: Final = ("embedding_model", "token_count", "chunk_count")


@dataclass(frozen=True, slots=True)
class Source:
    """The video as its source knows it."""

    collection_id: str
    video_id: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that is stored of a text."""

    text: str
    content_hash: str
    chunks: Sequence[Chunk]
    embeddings: Embeddings

    @property
    def metadata(self) -> dict[str, Any]:
        return {
            "embedding_model": self.embeddings.model,
            "embedding_origin": self.embeddings.origin,
            "token_count": self.embeddings.tokens,
            "chunk_count": len(self.chunks),
        }


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored transcript; `metadata` is the transcript's own."""

    video_uuid: str
    transcript_id: str
    metadata: Mapping[str, Any]
    reused: bool

    def render(self) -> dict[str, Any]:
        """Return the function's result."""
        return {
            "video_uuid": self.video_uuid,
            "transcript_id": self.transcript_id,
            **{name: self.metadata.get(name) for name in _TOLD},
            "reused": self.reused,
        }


async def fetch_stored(ctx: Context, source: Source, content_hash: str) -> Stored | None:
    """Return the transcript if it is stored with this hash."""
    call = ctx.caller.rpc(
        "reuse_transcript_v1",
        {
            "collection_id": source.collection_id,
            "video_id": source.video_id,
            "content_hash": content_hash,
            "metadata": dict(source.metadata),
        },
    )
    row = cast("dict[str, Any] | None", (await call.execute()).data)
    return Stored(**row) if row else None


async def store(ctx: Context, source: Source, transcript: Transcript) -> Stored:
    """Store it in place of what the video had before; an equal one that came first stays."""
    call = ctx.caller.rpc(
        "store_transcript_v1",
        {
            "video": {
                "collection_id": source.collection_id,
                "video_id": source.video_id,
                "metadata": dict(source.metadata),
            },
            "transcript": {
                "full_text": transcript.text,
                "content_hash": transcript.content_hash,
                "metadata": transcript.metadata,
            },
            "chunks": _rows(transcript),
        },
    )
    return Stored(**cast("dict[str, Any]", (await call.execute()).data))


def _rows(transcript: Transcript) -> list[dict[str, Any]]:
    pairs = zip(transcript.chunks, transcript.embeddings.vectors, strict=True)
    return [
        {
            "index": chunk.index,
            "text": chunk.text,
            "embedding": render_vector(vector),
            "char_start": chunk.char_start,
            "char_end": chunk.char_end,
        }
        for chunk, vector in pairs
    ]
