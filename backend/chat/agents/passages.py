"""Passages of transcripts that mean a question: found by search-transcripts, quoted, grouped."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.chat.agents.agent import AgentError, Turn
from backend.chat.functions import FunctionError

_MOST_QUOTES: Final = 3


async def find_passages(turn: Turn, *, answer: bool) -> Mapping[str, Any]:
    """Return {results, answer?} for the turn's text, of the call or collection that is open.

    Raises AgentError.
    """
    await turn.progress("Searching the transcripts")
    given = turn.message
    body: dict[str, Any] = {"query": turn.text[:2000], "limit": 8, "answer": answer}
    if video_id := turn.options.get("video_id") or given.video_id:
        body["video_id"] = video_id
    if collection_id := turn.options.get("collection_id") or given.collection_id:
        body["collection_id"] = collection_id
    body["owner_id"] = turn.owner
    try:
        return await turn.functions.call("search-transcripts", body, request_id=turn.request_id)
    except FunctionError as exc:
        raise AgentError(f"The search failed: {exc}", "search_failed") from exc


def show_nothing(turn: Turn) -> None:
    """Say that no passage fits."""
    turn.output.text = "Nothing in your transcripts fits this question."
    turn.output.status = "not_generated"


def quote_best(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the best passages as quotes with their calls and times."""
    quotes = [render_quote(result) for result in results[:_MOST_QUOTES]]
    return "This is what your calls say:\n\n" + "\n\n".join(quotes)


def render_quote(result: Mapping[str, Any]) -> str:
    """Return a passage as a block quote with its call and time."""
    return f"> {' '.join(str(result['text']).split())}\n>\n> — {result['title']}{_time(result)}"


def _time(result: Mapping[str, Any]) -> str:
    start = result.get("start")
    return f", {int(start) // 60}:{int(start) % 60:02d}" if isinstance(start, (int, float)) else ""


def group_results(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results by video, in the shape of a search_results item."""
    videos: dict[str, dict[str, Any]] = {}
    for result in results:
        video = videos.setdefault(
            str(result["video_id"]),
            {
                "video_id": result["video_id"],
                "video_title": result["title"],
                "stream_url": result.get("stream_url"),
                "duration": result.get("duration"),
                "shots": [],
            },
        )
        video["shots"].append(
            {
                "search_score": result["score"],
                "start": result.get("start"),
                "end": result.get("end"),
                "text": result["text"],
            }
        )
    return list(videos.values())
