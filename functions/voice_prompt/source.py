"""The structured data that an earlier run of structured-data stored."""

from typing import Any, Final, cast
from uuid import UUID

from pydantic import ValidationError

from shared.context import Context
from shared.conversations.sales import StructuredData
from shared.errors import ConflictError, TooLargeError

MAX_CHARACTERS: Final = 200_000  # more than structured-data could be answered by a model


async def fetch_structured_data(ctx: Context, video_id: UUID) -> StructuredData:
    """Fetch the newest analysis. Raises if it is of a transcript replaced since."""
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
    return _parse(rows[0]["content"])


def check_length(text: str) -> None:
    """Refuse input that is not worth a call of the model."""
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(
            f"The structured data is too long: at most {MAX_CHARACTERS:,} characters as JSON.",
            code="STRUCTURED_DATA_TOO_LONG",
            metadata={"limit_characters": MAX_CHARACTERS},
        )


def _parse(content: str) -> StructuredData:
    """Parse a stored row; owners can write such rows too."""
    try:
        return StructuredData.model_validate_json(content)
    except ValidationError:
        raise ConflictError(
            "The newest stored structured data cannot be read: call structured-data again.",
            code="STRUCTURED_DATA_UNREADABLE",
        ) from None
