"""The general helper: lists the library and answers questions with quotes from transcripts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.chat.agents.agent import Agent, Turn
from backend.chat.agents.help import render_help
from backend.chat.agents.passages import (
    find_passages,
    group_results,
    quote_best,
    render_quote,
    show_nothing,
)

_MOST_COLLECTIONS: Final = 50
_LISTING: Final = re.compile(
    r"^\W*(?:(?:list|show|which|what)\b.*\b)?(?:collections?|videos?|calls?|library)\W*$", re.I
)
_GREETING: Final = re.compile(r"^\W*(?:hi|hello|hey|help|\?)?\W*$", re.I)


class Assistant(Agent):
    """Finds passages by meaning; a model answers from them, else they are quoted."""

    name = "assistant"
    description = "Lists your calls and answers questions about them with quotes and times."

    async def run(self, turn: Turn) -> None:
        """Choose by the words of the message."""
        if _GREETING.match(turn.text):
            turn.output.text = render_help()
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
        found = await find_passages(turn, answer=True)
        results: Sequence[Mapping[str, Any]] = found.get("results", [])
        if not results:
            show_nothing(turn)
            return
        answer = found.get("answer")
        turn.output.text = _render(answer) if answer else quote_best(results)
        if answer:
            turn.output.metadata["model"] = answer["model"]
        item = {"type": "search_results", "search_results": group_results(results)}
        turn.output.items.append(item)


def _render(answer: Mapping[str, Any]) -> str:
    """Return a model's answer with its quotes."""
    return f"{answer['text']}\n\n" + "\n\n".join(render_quote(quote) for quote in answer["quotes"])
