"""Transcripts and examples in the database, as far as the caller's row security goes."""

from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args
from uuid import UUID

from starlette.requests import Request

from shared.context import Context
from shared.errors import BadInputError, ConflictError, TooLargeError

from .examples import ExampleType
from .sources import Chunk

Format = Literal["openai", "anthropic", "ndjson", "alpaca", "sharegpt"]
_MOST_CHARACTERS: Final = 400_000
_MOST_OUTPUTS: Final = 500
_MOST_VIDEOS: Final = 1_000
_LONGEST_QUERY: Final = 2_000
_LONGEST_REFERENCE: Final = 256


@dataclass(frozen=True, slots=True)
class Filters:
    """Which examples: of a video, by any id, a collection or a type; None does not filter.

    With a `query`, the `limit` nearest to it.
    """

    video_id: str | None
    collection_id: str | None
    type: str | None
    format: Format
    query: str = ""
    limit: int = 10


def read_filters(request: Request) -> Filters:
    """Parse the query. Raises BadInputError."""
    query = request.query_params
    return Filters(
        video_id=_read_reference(query.get("video_id")),
        collection_id=query.get("collection_id"),
        type=_choose("type", query.get("type"), get_args(ExampleType)),
        format=cast("Format", _choose("format", query.get("format"), get_args(Format)) or "openai"),
        query=_read_query(query.get("query", "")),
        limit=_read_limit(query.get("limit")),
    )


async def fetch_transcript(ctx: Context, video_id: UUID) -> tuple[str, list[Chunk]]:
    """Return the whole text, and its chunks. Raises ConflictError, TooLargeError."""
    columns = "full_text, transcript_chunks(id, chunk_text)"
    query = ctx.caller.table("transcripts").select(columns).eq("video_id", str(video_id))
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows:
        raise ConflictError(
            f"The video {video_id} has no transcript yet: call process-transcript first.",
            code="TRANSCRIPT_MISSING",
        )
    text = str(rows[0]["full_text"])
    if len(text) > _MOST_CHARACTERS:
        raise TooLargeError(
            f"The transcript has {len(text):,} characters; examples are drawn from at most"
            f" {_MOST_CHARACTERS:,}. Store it in parts.",
            code="TRANSCRIPT_TOO_LONG",
        )
    return text, [Chunk(each["id"], each["chunk_text"]) for each in rows[0]["transcript_chunks"]]


async def fetch_undrawn(ctx: Context, collection_id: str) -> list[UUID]:
    """Return the collection's newest 1,000 videos with a transcript and without examples."""
    videos = (
        ctx.caller.table("videos")
        .select("id, transcripts!inner(id)")
        .eq("collection_id", collection_id)
        .order("created_at", desc=True)
        .limit(_MOST_VIDEOS)
    )
    outputs = (
        ctx.caller.table("generated_outputs")
        .select("video_id, videos!inner(collection_id)")
        .eq("output_type", "training_data")
        .eq("videos.collection_id", collection_id)
        .order("created_at", desc=True)
        .limit(_MOST_VIDEOS)
    )
    drawn = {
        row["video_id"] for row in cast("list[dict[str, Any]]", (await outputs.execute()).data)
    }
    found = cast("list[dict[str, Any]]", (await videos.execute()).data)
    return [UUID(row["id"]) for row in found if row["id"] not in drawn]


async def fetch_examples(
    ctx: Context, filters: Filters, video_id: UUID | None
) -> list[dict[str, Any]]:
    """Return the examples of each video's newest output; up to 500 outputs are read."""
    query = (
        ctx.caller.table("generated_outputs")
        .select("video_id, training_data, videos!inner(collection_id)")
        .eq("output_type", "training_data")
        .order("created_at", desc=True)
        .limit(_MOST_OUTPUTS)
    )
    if video_id:
        query = query.eq("video_id", str(video_id))
    if filters.collection_id is not None:
        query = query.eq("videos.collection_id", filters.collection_id)
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    newest = {row["video_id"]: row for row in reversed(rows)}
    return [
        {**example, "video_id": video_id}
        for video_id, row in newest.items()
        for example in cast("list[dict[str, Any]]", row["training_data"] or [])
        if filters.type is None or example.get("type") == filters.type
    ]


def _read_query(text: str) -> str:
    if len(text) > _LONGEST_QUERY:
        raise BadInputError(
            f"query has at most {_LONGEST_QUERY:,} characters.", code="INVALID_FILTER"
        )
    return text.strip()


def _read_limit(text: str | None) -> int:
    if text is None:
        return 10
    if not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= 100:
        raise BadInputError("limit must be a number from 1 to 100.", code="INVALID_FILTER")
    return int(text)


def _read_reference(text: str | None) -> str | None:
    if text and (len(text) > _LONGEST_REFERENCE or "\x00" in text):
        raise BadInputError("video_id must be the id of a video.", code="INVALID_FILTER")
    return text or None


def _choose(name: str, given: str | None, choices: tuple[str, ...]) -> str | None:
    if given is not None and given not in choices:
        raise BadInputError(f"{name} must be one of {', '.join(choices)}.", code="INVALID_FILTER")
    return given
