"""Passages: the sentences of the nearest chunks that fit the question best."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.llm.embeddings import Vector, render_vector

_WORD: Final = re.compile(r"\w{3,}")
_LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Search:
    """Filters; `model` and `origin` identify the vector space of the question."""

    video_id: str | None
    collection_id: str | None
    owner_id: str | None
    any_owner: bool
    model: str
    origin: str
    limit: int


async def find_passages(
    ctx: Context, query: str, vector: Vector, search: Search
) -> list[dict[str, Any]]:
    """Return {video_id, video_uuid, collection_id, title, text, score, start, end}, best first."""
    call = ctx.caller.rpc(
        "search_chunks_v1",
        {
            "query_embedding": render_vector(vector),
            "match_count": search.limit,
            "p_video": search.video_id,
            "p_collection": search.collection_id,
            "p_owner": search.owner_id,
            "p_any_owner": search.any_owner,
            "p_model": search.model,
            "p_origin": search.origin,
        },
    )
    rows = cast("list[dict[str, Any]]", (await call.execute()).data)
    return [_render(row, query) for row in rows]


def _render(row: Mapping[str, Any], query: str) -> dict[str, Any]:
    metadata = cast("dict[str, Any]", row["video_metadata"] or {})
    text, place = choose_passage(row["chunk_text"], query)
    start = int(row["char_start"] or 0) + place
    times: Any = metadata.get("times")
    return {
        "video_id": row["video_name"],
        "video_uuid": row["video_id"],
        "collection_id": row["collection_id"],
        "title": metadata.get("title") or row["video_name"],
        "text": text,
        "score": round(float(row["similarity"]), 4),
        "start": find_time(times, start),
        "end": find_time(times, start + len(text), is_end=True),
        "stream_url": metadata.get("stream_url"),
        "duration": metadata.get("length"),
    }


def choose_passage(chunk: str, query: str) -> tuple[str, int]:
    """Return the turn of a chunk with most words of the question, and the answer after it.

    The second value is the passage's offset in the chunk.
    """
    wanted = {word.casefold() for word in _WORD.findall(query)}
    best, place, offset = -1, 0, 0
    for line in chunk.splitlines(keepends=True):
        found = {word.casefold() for word in _WORD.findall(line)}
        score = len(wanted & found)
        if score > best and line.strip():
            best, place = score, offset
        offset += len(line)
    passage = chunk[place : place + _LONGEST]
    lines = passage.splitlines(keepends=True)[:2]
    return "".join(lines).strip(), place


def find_time(times: Any, offset: int, *, is_end: bool = False) -> float | None:
    """Return the seconds at an offset of the transcript; `times` are [[offset, seconds], …].

    With `is_end`, the first time after it.
    """
    if not isinstance(times, list):
        return None
    found: float | None = None
    for entry in cast("Sequence[Any]", times):
        if not isinstance(entry, list) or len(cast("list[Any]", entry)) != 2:
            return None
        place, seconds = cast("tuple[Any, Any]", entry)
        if not isinstance(place, (int, float)) or not isinstance(seconds, (int, float)):
            return None
        if place > offset:
            return float(seconds) if is_end else found
        found = float(seconds)
    return found
