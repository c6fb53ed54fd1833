"""Fetch the chunks of a video: all within the model's token budget, else the most relevant."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.env import environment, read_number
from shared.errors import ConflictError
from shared.llm.embeddings import Embeddings, Vector, embed, render_vector
from shared.llm.env import openai_env

from .excerpts import Chunk, Excerpts, Retrieval
from .selection import QUERIES, choose
from .transcript import Transcript

_CHUNK_TOKENS: Final = 1000  # no chunk has more
_TOKEN_BUDGET: Final = 100_000  # unless ANALYSIS_TOKEN_BUDGET is set
_QUERY_TOKENS: Final = 100
_COLUMNS: Final = "id, chunk_index, chunk_text, metadata"

Row = dict[str, Any]


async def fetch_excerpts(ctx: Context, video_id: UUID) -> Excerpts:
    """Fetch the chunks to analyse, in their order in the transcript."""
    transcript = await _fetch_transcript(ctx, video_id)
    tokens = int(read_number(environment(), "ANALYSIS_TOKEN_BUDGET", _TOKEN_BUDGET))
    budget = max(tokens // _CHUNK_TOKENS, 1)
    rankings: list[list[int]] = []
    retrieval: Retrieval = "all"
    if transcript.chunk_count > budget:
        queries = await embed(openai_env(), QUERIES, tokens_each=_QUERY_TOKENS)
        retrieval = "search" if transcript.is_comparable(queries) else "even"
        if retrieval == "search":
            rankings = await _rank_chunks(ctx, video_id, queries, budget)
    indexes = choose(transcript.chunk_count, rankings, budget)
    return Excerpts(transcript.id, await _fetch_chunks(ctx, transcript, indexes), retrieval)


async def _fetch_transcript(ctx: Context, video_id: UUID) -> Transcript:
    query = ctx.caller.table("transcripts").select("id, metadata").eq("video_id", str(video_id))
    rows = cast("list[Row]", (await query.execute()).data)
    if rows:
        return Transcript.from_row(rows[0])
    raise ConflictError(
        f"The video {video_id} has no transcript yet: call process-transcript first.",
        code="TRANSCRIPT_MISSING",
    )


async def _fetch_chunks(
    ctx: Context, transcript: Transcript, indexes: Sequence[int]
) -> list[Chunk]:
    """Fetch all these chunks. Raises ConflictError if the transcript was replaced meanwhile."""
    query = (
        ctx.caller.table("transcript_chunks")
        .select(_COLUMNS)
        .eq("transcript_id", transcript.id)
        .order("chunk_index")
    )
    if len(indexes) < transcript.chunk_count:
        query = query.in_("chunk_index", indexes)
    rows = cast("list[Row]", (await query.execute()).data)
    if len(rows) != len(indexes):
        raise ConflictError(
            "The transcript was replaced while it was read: call structured-data again.",
            code="TRANSCRIPT_CHANGED",
        )
    return [Chunk.from_row(row) for row in rows]


async def _rank_chunks(
    ctx: Context, video_id: UUID, queries: Embeddings, count: int
) -> list[list[int]]:
    """Return for each query the indexes of the nearest chunks, nearest first."""
    return await asyncio.gather(
        *(_match_chunks(ctx, video_id, vector, count) for vector in queries.vectors)
    )


async def _match_chunks(ctx: Context, video_id: UUID, vector: Vector, count: int) -> list[int]:
    call = ctx.caller.rpc(
        "match_chunks",
        {
            "query_embedding": render_vector(vector),
            "match_count": count,
            "filter_video": str(video_id),
        },
    )
    rows = cast("Sequence[Row]", (await call.execute()).data)
    return [row["chunk_index"] for row in rows]
