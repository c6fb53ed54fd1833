"""Reading the chunks of a video: all if the model's budget allows, else the telling ones."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.errors import ConflictError
from shared.llm.embeddings import Vector, embed, render_vector
from shared.videos import require_video

from .excerpts import Chunk, Excerpts
from .selection import QUERIES, choose

_CHUNK_TOKENS: Final = 1000  # no chunk has more
_QUERY_TOKENS: Final = 100
_COLUMNS: Final = "id, chunk_index, chunk_text, metadata"

Row = dict[str, Any]


async def fetch_excerpts(ctx: Context, video_id: UUID) -> Excerpts:
    """The chunks to analyse, in order."""
    transcript = await _fetch_transcript(ctx, video_id)
    total = int(transcript["metadata"]["chunk_count"])
    budget = max(ctx.env.analysis_token_budget // _CHUNK_TOKENS, 1)
    query = (
        ctx.caller.table("transcript_chunks")
        .select(_COLUMNS)
        .eq("transcript_id", transcript["id"])
        .order("chunk_index")
    )
    if total > budget:
        rankings = await _rank_chunks(ctx, video_id, budget)
        query = query.in_("chunk_index", choose(total, rankings, budget))
    rows = cast("list[Row]", (await query.execute()).data)
    return Excerpts(transcript["id"], [Chunk.from_row(row) for row in rows])


async def _fetch_transcript(ctx: Context, video_id: UUID) -> Row:
    query = ctx.caller.table("transcripts").select("id, metadata").eq("video_id", str(video_id))
    rows = cast("list[Row]", (await query.execute()).data)
    if rows:
        return rows[0]
    await require_video(ctx, video_id)
    raise ConflictError(
        f"The video {video_id} has no transcript yet: call process-transcript first.",
        code="TRANSCRIPT_MISSING",
    )


async def _rank_chunks(ctx: Context, video_id: UUID, count: int) -> list[list[int]]:
    """For each query the chunks nearest to it, nearest first."""
    queries = await embed(ctx.env.openai, QUERIES, tokens_each=_QUERY_TOKENS)
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
