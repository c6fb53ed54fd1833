"""@summarize: what a call was about, its objections, techniques and figures, in half a page."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from backend.chat.agents.agent import Agent, Turn
from backend.chat.agents.analysis import analyse
from backend.chat.agents.calls import find_call

_MOST: Final = 5


class Summarize(Agent):
    """Sums up the analysis of structured-data."""

    name = "summarize"
    description = "Sums up a call: what it was about, objections and answers, techniques, figures."
    parameters: ClassVar[Mapping[str, str]] = {
        "video_id": "The call; by default the one that is open.",
        "collection_id": "The collection of the call.",
    }

    async def run(self, turn: Turn) -> None:
        """Find the call, analyse it, sum up."""
        video = await find_call(turn)
        found = await analyse(turn, video, "Analysing the conversation")
        turn.output.text = render_summary(found)
        turn.context["video_id"] = video["video_id"]
        turn.context["collection_id"] = video["collection_id"]


def render_summary(found: Mapping[str, Any]) -> str:
    """Return Markdown; parts without content are left out."""
    parts = ["## Summary", _opening(str(found.get("analysis") or ""))]
    objections: Sequence[Mapping[str, Any]] = found.get("objection_handling") or []
    if objections:
        lines = [f"- “{each['objection']}” → “{each['response']}”" for each in objections[:_MOST]]
        parts += ["### Objections", "\n".join(lines)]
    techniques: Sequence[Mapping[str, Any]] = found.get("sales_techniques") or []
    if techniques:
        names = [f"{each['name']} ({each['effectiveness']})" for each in techniques[:_MOST]]
        parts += ["### Techniques", ", ".join(names)]
    metrics: Mapping[str, Any] = found.get("key_metrics") or {}
    known = [
        f"- {name.replace('_', ' ').capitalize()}: {value}"
        for name, value in metrics.items()
        if value is not None
    ]
    if known:
        parts += ["### Figures", "\n".join(known)]
    return "\n\n".join(part for part in parts if part)


def _opening(analysis: str) -> str:
    """Return the first paragraphs of the analysis that are no headings, up to 1,200 characters."""
    kept: list[str] = []
    for paragraph in analysis.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.lstrip().startswith("#")]
        if text := "\n".join(lines).strip():
            kept.append(text)
        if sum(map(len, kept)) > 600 or len(kept) == 3:
            break
    return "\n\n".join(kept)[:1200]
