"""The structured data that an earlier run of structured-data stored."""

from typing import Any, cast
from uuid import UUID

from shared.context import Context
from shared.errors import ConflictError
from shared.sales import StructuredData


async def fetch_structured_data(ctx: Context, video_id: UUID) -> StructuredData:
    """The newest one; it must come from the transcript that the video has now."""
    query = (
        ctx.caller.table("generated_outputs")
        .select("content, transcript_id:metadata->>transcript_id, videos(transcripts(id))")
        .eq("video_id", str(video_id))
        .eq("output_type", "structured_data")
        .order("created_at", desc=True)
        .limit(1)
    )
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows:
        raise ConflictError(
            f"The video {video_id} has no structured data yet: call structured-data first, "
            "or send structured_data.",
            code="STRUCTURED_DATA_MISSING",
        )
    transcript = rows[0]["videos"]["transcripts"]
    if transcript and transcript["id"] != rows[0]["transcript_id"]:
        raise ConflictError(
            f"The transcript of the video {video_id} has changed since it was analysed: "
            "call structured-data again.",
            code="STRUCTURED_DATA_STALE",
        )
    return StructuredData.model_validate_json(rows[0]["content"])
