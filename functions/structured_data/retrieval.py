"""Reading the chunks of a video: all if the model's budget allows, else the telling ones."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.conversations.videos import require_video
from shared.errors import ConflictError
from shared.llm.embeddings import Embeddings, Vector, embed, render_vector

from .excerpts import Chunk, Excerpts, Retrieval
from .selection import QUERIES, choose
from .transcript import Transcript

_CHUNK_TOKENS: Final = 1000  # no chunk has more
_QUERY_TOKENS: Final = 100
_COLUMNS: Final = "id, chunk_index, chunk_text, metadata"

Row = dict[str, Any]


async def fetch_excerpts(ctx: Context, video_id: UUID) -> Excerpts:
    """The chunks to analyse, in order."""
    transcript = await _fetch_transcript(ctx, video_id)
    budget = max(ctx.env.analysis_token_budget // _CHUNK_TOKENS, 1)
    rankings: list[list[int]] = []
    retrieval: Retrieval = "all"
    if transcript.chunk_count > budget:
        queries = await embed(ctx.env.openai, QUERIES, tokens_each=_QUERY_TOKENS)
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
    await require_video(ctx, video_id)
    raise ConflictError(
        f"The video {video_id} has no transcript yet: call process-transcript first.",
        code="TRANSCRIPT_MISSING",
    )


async def _fetch_chunks(
    ctx: Context, transcript: Transcript, indexes: Sequence[int]
) -> list[Chunk]:
    """These chunks, all of them: another request may have replaced the transcript meanwhile."""
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
    """For each query the chunks nearest to it, nearest first."""
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
