"""@search: the passages of transcripts that mean a question, with their times."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from backend.chat.agents.agent import Agent, AgentError, Turn
from backend.chat.agents.passages import find_passages, group_results, quote_best, show_nothing


class Search(Agent):
    """Shows what is found, and lets no model answer."""

    name = "search"
    description = "Finds the passages of your calls that mean what you write, with times."
    parameters: ClassVar[Mapping[str, str]] = {
        "video_id": "The call; by default the one that is open, else all.",
        "collection_id": "The collection; by default the one that is open, else all.",
    }

    async def run(self, turn: Turn) -> None:
        """Search, quote the best, list all by call."""
        if not turn.text:
            raise AgentError("Write what you look for: `@search price`.", "missing_parameters")
        found = await find_passages(turn, answer=False)
        results: Sequence[Mapping[str, Any]] = found.get("results", [])
        if not results:
            show_nothing(turn)
            return
        turn.output.text = quote_best(results)
        item = {"type": "search_results", "search_results": group_results(results)}
        turn.output.items.append(item)
