"""@compare: two calls side by side."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from backend.chat.agents.agent import Agent, AgentError, Turn
from backend.chat.agents.analysis import analyse
from backend.chat.agents.calls import fetch_call, find_call
from backend.chat.library import metadata_of

_MOST: Final = 4


class Compare(Agent):
    """Analyses both calls and shows figures, techniques and objections beside each other."""

    name = "compare"
    description = "Compares two calls: figures, techniques, objections."
    parameters: ClassVar[Mapping[str, str]] = {
        "video_id": "The first call; by default the one that is open.",
        "with": "The second call; by default the other one of the collection.",
        "collection_id": "The collection of both.",
    }

    async def run(self, turn: Turn) -> None:
        """Find both calls, analyse each, show the table."""
        first = await find_call(turn)
        second = await fetch_call(turn, await _other(turn, first), first["collection_id"])
        found = [
            await analyse(turn, video, f"Analysing {_title(video)}") for video in (first, second)
        ]
        turn.output.text = render_comparison((_title(first), _title(second)), found)


async def _other(turn: Turn, first: Mapping[str, Any]) -> str:
    if given := turn.options.get("with"):
        return given
    videos = await turn.library.list_videos(first["collection_id"], turn.owner)
    others = [video for video in videos if video["id"] != first["video_id"]]
    if len(others) == 1:
        return others[0]["id"]
    if not others:
        raise AgentError("There is no second call: upload one first.", "missing_parameters")
    names = "\n".join(f"- `with={video['id']}` {video['name']}" for video in others[:10])
    raise AgentError(f"Name the call to compare with.\n\n{names}", "missing_parameters")


def render_comparison(titles: tuple[str, str], found: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown table of two results of structured-data."""
    rows = [("", *(_cell(title) for title in titles)), ("---", "---", "---")]
    metrics: list[Mapping[str, Any]] = [each.get("key_metrics") or {} for each in found]
    for name in dict.fromkeys([*metrics[0], *metrics[1]]):
        values = [each.get(name) for each in metrics]
        label = name.replace("_", " ").capitalize()
        rows.append((label, *("–" if value is None else str(value) for value in values)))
    for key, label, field in (
        ("sales_techniques", "Techniques", "name"),
        ("communication_strategies", "Communication", "type"),
        ("objection_handling", "Objections", "objection"),
    ):
        entries: list[Sequence[Mapping[str, Any]]] = [each.get(key) or [] for each in found]
        texts = [[_cell(str(entry[field])) for entry in each[:_MOST]] for each in entries]
        rows.append((label, *("<br>".join(each) or "–" for each in texts)))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## Comparison\n\n{table}"


def _title(video: Mapping[str, Any]) -> str:
    return str(metadata_of(video).get("title") or video["video_id"])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
