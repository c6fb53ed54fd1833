"""The rows that a run has stored, read back through the data API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of one of the four tables."""

    table: str
    what: str
    id: str
    model: str


def fetch_rows(api_url: str, key: str, video_id: str) -> list[StoredRow]:
    """The video's row, its transcript and the newest output of each type."""
    transcripts = "transcripts(id,transcript_chunks(id))"
    outputs = "generated_outputs(id,output_type,metadata)"
    answer = requests.get(
        f"{api_url}/rest/v1/videos",
        params={
            "id": f"eq.{video_id}",
            "select": f"id,video_id,collection_id,{transcripts},{outputs}",
            "generated_outputs.order": "created_at.desc",
        },
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        timeout=30,
    )
    answer.raise_for_status()
    return [row for video in answer.json() for row in _rows(video)]


def _rows(video: dict[str, Any]) -> Iterator[StoredRow]:
    yield StoredRow("videos", f"{video['collection_id']}/{video['video_id']}", video["id"], "")
    if transcript := video["transcripts"]:
        yield StoredRow("transcripts", "the text; its chunks below", transcript["id"], "")
        chunks = transcript["transcript_chunks"]
        yield StoredRow("transcript_chunks", f"{len(chunks)} with embeddings", chunks[0]["id"], "")
    seen: set[str] = set()
    for output in video["generated_outputs"]:
        if output["output_type"] not in seen:
            seen.add(output["output_type"])
            metadata: dict[str, Any] = output["metadata"] or {}
            model = str(metadata.get("model", ""))
            yield StoredRow("generated_outputs", output["output_type"], output["id"], model)
