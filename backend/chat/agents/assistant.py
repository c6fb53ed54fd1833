"""The general helper: lists the library and answers questions with quotes from transcripts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.chat.agents.agent import Agent, AgentError, Turn
from backend.chat.functions import FunctionError

_MOST_QUOTES: Final = 3
_MOST_COLLECTIONS: Final = 50
_LISTING: Final = re.compile(
    r"^\W*(?:(?:list|show|which|what)\b.*\b)?(?:collections?|videos?|calls?|library)\W*$", re.I
)
_GREETING: Final = re.compile(r"^\W*(?:hi|hello|hey|help|\?)?\W*$", re.I)
_HELP: Final = (
    "Ask about your calls, for example *What did the customer say about the price?*\n\n"
    "- `@sales_prompt_extractor` analyses the call that is open and writes a voice prompt.\n"
    "- `@summarize` sums it up, `@compare` compares it with another one.\n"
    "- `@transcription` writes down what is said in a recording, or shows the transcript.\n"
    "- `list calls` shows what is in the library.\n\n"
    "Drop a transcript or a recording on this page to add a call."
)


class Assistant(Agent):
    """Finds passages by meaning; a model answers from them, else they are quoted."""

    name = "assistant"
    description = "Lists your calls and answers questions about them with quotes and times."

    async def run(self, turn: Turn) -> None:
        """Choose by the words of the message."""
        if _GREETING.match(turn.text):
            turn.output.text = _HELP
        elif _LISTING.match(turn.text):
            await self._list(turn)
        else:
            await self._search(turn)

    async def _list(self, turn: Turn) -> None:
        await turn.progress("Looking into the library")
        collections = (await turn.library.count_videos(turn.owner))[:_MOST_COLLECTIONS]
        turn.output.text = "\n".join(
            f"- **{each['name']}** (`{each['id']}`): {each['video_count']} calls"
            for each in collections
        )
        shown = turn.message.collection_id or (collections[0]["id"] if collections else "")
        if videos := await turn.library.list_videos(shown, turn.owner):
            item = {"type": "videos", "videos": videos[:50], "ui_config": {"columns": 4}}
            turn.output.items.append(item)
        turn.output.text = turn.output.text or "There are no calls yet. Upload a transcript."

    async def _search(self, turn: Turn) -> None:
        await turn.progress("Searching the transcripts")
        given = turn.message
        body: dict[str, Any] = {"query": turn.text[:2000], "limit": 8, "answer": True}
        if given.video_id:
            body["video_id"] = given.video_id
        if given.collection_id:
            body["collection_id"] = given.collection_id
        body["owner_id"] = turn.owner
        try:
            found = await turn.functions.call(
                "search-transcripts", body, request_id=turn.request_id
            )
        except FunctionError as exc:
            raise AgentError(f"The search failed: {exc}", "search_failed") from exc
        results: Sequence[Mapping[str, Any]] = found.get("results", [])
        if not results:
            turn.output.text = "Nothing in your transcripts fits this question."
            turn.output.status = "not_generated"
            return
        answer = found.get("answer")
        turn.output.text = _render(answer) if answer else _quote(results)
        if answer:
            turn.output.metadata["model"] = answer["model"]
        turn.output.items.append({"type": "search_results", "search_results": _group(results)})


def _render(answer: Mapping[str, Any]) -> str:
    """Return a model's answer with its quotes."""
    return f"{answer['text']}\n\n" + "\n\n".join(_block(quote) for quote in answer["quotes"])


def _quote(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the best passages as quotes with their calls and times."""
    quotes = [_block(result) for result in results[:_MOST_QUOTES]]
    return "This is what your calls say:\n\n" + "\n\n".join(quotes)


def _block(result: Mapping[str, Any]) -> str:
    return f"> {' '.join(str(result['text']).split())}\n>\n> — {result['title']}{_time(result)}"


def _time(result: Mapping[str, Any]) -> str:
    start = result.get("start")
    return f", {int(start) // 60}:{int(start) % 60:02d}" if isinstance(start, (int, float)) else ""


def _group(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
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
