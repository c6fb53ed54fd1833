"""Examples by meaning: embedded when they are drawn, found by what a question means."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.conversations.videos import find_video
from shared.errors import UpstreamError
from shared.llm.embeddings import embed, render_vector
from shared.llm.env import openai_env

from .stored import Filters, fetch_examples

_MOST_TOKENS: Final = 2_000
_LONGEST: Final = 4_000


async def store_embeddings(
    ctx: Context, video_id: UUID, output_id: str, rows: Sequence[Mapping[str, Any]]
) -> bool:
    """Store the examples with their embeddings; False if the provider fails.

    The examples themselves are stored already, and exported as before.
    """
    if not rows:
        return True
    texts = [f"{row['input']}\n{row['output']}"[:_LONGEST] for row in rows]
    try:
        found = await embed(openai_env(), texts, tokens_each=_MOST_TOKENS)
    except UpstreamError as exc:
        ctx.note(embedding_error=exc.code)
        return False
    entries = [
        {
            "output_id": output_id,
            "video_id": str(video_id),
            "position": position,
            "example": dict(row),
            "embedding": render_vector(vector),
            "embedding_model": found.model,
            "embedding_origin": found.origin,
        }
        for position, (row, vector) in enumerate(zip(rows, found.vectors, strict=True))
    ]
    table: Any = ctx.caller.table("training_examples")  # its types are incomplete
    await table.insert(entries).execute()
    return True


async def find_examples(ctx: Context, filters: Filters) -> list[dict[str, Any]]:
    """Return the stored examples; those nearest to the query if there is one, with `score`."""
    video_id = await find_video(ctx, filters.video_id) if filters.video_id else None
    if not filters.query:
        return await fetch_examples(ctx, filters, video_id)
    found = await embed(openai_env(), [filters.query], tokens_each=_MOST_TOKENS)
    call = ctx.caller.rpc(
        "match_training_examples_v1",
        {
            "query_embedding": render_vector(found.vectors[0]),
            "match_count": filters.limit,
            "p_video": str(video_id) if video_id else None,
            "p_collection": filters.collection_id,
            "p_type": filters.type,
            "p_model": found.model,
            "p_origin": found.origin,
        },
    )
    rows = cast("list[dict[str, Any]]", (await call.execute()).data)
    return [
        {**row["example"], "video_id": row["video_id"], "score": round(row["similarity"], 4)}
        for row in rows
    ]
