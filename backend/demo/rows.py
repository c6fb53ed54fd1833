"""Rows that a run stored, read through the data API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests


class RowsError(Exception):
    """The rows could not be read; the message has the cause."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of one of the four tables."""

    table: str
    what: str
    id: str
    model: str


def fetch_rows(api_url: str, key: str, video_id: str) -> list[StoredRow]:
    """Return the video's row, its transcript, chunks, and the newest output of each type.

    Raises RowsError.
    """
    transcripts = "transcripts(id,transcript_chunks(id))"
    outputs = "generated_outputs(id,output_type,metadata)"
    try:
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
        videos: list[dict[str, Any]] = answer.json()
    except requests.RequestException as exc:
        raise RowsError(f"The stored rows could not be read back: {_reason(exc)}.") from exc
    return [row for video in videos for row in _rows(video)]


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.JSONDecodeError):
        return "the data API's response is not JSON"
    if error.response is None:
        return "the data API could not be reached"
    return f"the data API answered {error.response.status_code}"


def _rows(video: dict[str, Any]) -> Iterator[StoredRow]:
    yield StoredRow("videos", f"{video['collection_id']}/{video['video_id']}", video["id"], "")
    if transcript := video["transcripts"]:
        yield StoredRow("transcripts", "the text; its chunks below", transcript["id"], "")
        chunks = transcript["transcript_chunks"]
        first = chunks[0]["id"] if chunks else "-"
        yield StoredRow("transcript_chunks", f"{len(chunks)} with embeddings", first, "")
    seen: set[str] = set()
    for output in video["generated_outputs"]:
        if output["output_type"] not in seen:
            seen.add(output["output_type"])
            metadata: dict[str, Any] = output["metadata"] or {}
            model = str(metadata.get("model", ""))
            yield StoredRow("generated_outputs", output["output_type"], output["id"], model)
