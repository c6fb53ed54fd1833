"""@sales_prompt_extractor: from a call's transcript to a voice agent's prompt and training data."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from backend.chat.agents.agent import Agent, AgentError, Turn
from backend.chat.agents.sales_document import SECTIONS, render_document
from backend.chat.functions import FunctionError
from backend.chat.library import NotFoundError

_STRUCTURED: Final = (
    "sales_techniques",
    "communication_strategies",
    "objection_handling",
    "voice_agent_guidelines",
    "key_metrics",
)
_ANALYSIS_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "full": _STRUCTURED,
    "sales_techniques": ("sales_techniques", "objection_handling", "key_metrics"),
    "communication": ("communication_strategies", "voice_agent_guidelines", "key_metrics"),
}
_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "both": SECTIONS,
    "structured": ("structured_data", "training_data"),
    "text": ("analysis", "voice_prompt"),
}
_NEXT_STEPS: Final = (
    "Give the voice prompt to your voice agent, or ask about the call: write a question."
)


class SalesPromptExtractor(Agent):
    """Four stages; the document grows by a section after each."""

    name = "sales_prompt_extractor"
    description = "Analyses a sales call and writes a voice agent's prompt and training data."
    parameters: ClassVar[Mapping[str, str]] = {
        "video_id": "The call; by default the one that is open.",
        "collection_id": "The collection of the call.",
        "analysis_type": f"{' | '.join(_ANALYSIS_TYPES)}; default full.",
        "output_format": f"{' | '.join(_FORMATS)}; default both.",
    }

    async def run(self, turn: Turn) -> None:
        """Run the stages that have no result yet."""
        kind = _choose(turn, "analysis_type", _ANALYSIS_TYPES, "full")
        sections = _choose(turn, "output_format", _FORMATS, "both")
        results: dict[str, Any] = {}
        video = await turn.stage(
            "transcript_processing", "Reading the transcript", lambda: _find(turn)
        )
        uuid = video["video_uuid"]

        async def analyse() -> Mapping[str, Any]:
            return await _call(turn, "structured-data", {"video_id": uuid})

        found = await turn.stage("structured_data", "Analysing the conversation", analyse)
        structured = {key: found.get(key) for key in _STRUCTURED}
        results["analysis"] = found.get("analysis")
        results["structured_data"] = {key: structured[key] for key in kind}
        _show(turn, results, sections)

        async def write_prompt() -> Mapping[str, Any]:
            body = {"video_id": uuid, "structured_data": structured}
            return await _call(turn, "voice-prompt", body)

        prompt = await turn.stage("voice_prompt", "Writing the voice prompt", write_prompt)
        results["voice_prompt"] = prompt.get("prompt")
        _show(turn, results, sections)

        async def draw_examples() -> Mapping[str, Any]:
            return await _call(turn, "training-data", {"video_id": uuid})

        training = await turn.stage("training_data", "Drawing training examples", draw_examples)
        results["training_data"] = {
            "examples": [
                {"input": example["input"], "output": example["output"]}
                for example in training.get("examples", [])
            ]
        }
        _show(turn, results, sections)
        turn.output.text += f"\n\n{_NEXT_STEPS}"
        turn.output.metadata["stages_completed"] = list(turn.stages)
        turn.context["video_id"] = video["video_id"]
        turn.context["collection_id"] = video["collection_id"]


def _choose(
    turn: Turn, option: str, choices: Mapping[str, tuple[str, ...]], default: str
) -> tuple[str, ...]:
    wanted = turn.options.get(option, default)
    if wanted not in choices:
        raise AgentError(f"{option} must be one of {', '.join(choices)}.", "invalid_parameters")
    return choices[wanted]


def _show(turn: Turn, results: Mapping[str, Any], sections: tuple[str, ...]) -> None:
    turn.output.extra.update({key: results[key] for key in sections if key in results})
    turn.output.text = render_document(results, sections)


async def _find(turn: Turn) -> Mapping[str, Any]:
    """Return ids of the call that is asked for. Raises AgentError without one or its transcript."""
    given = turn.message
    collection_id = turn.options.get("collection_id") or given.collection_id
    video_id = turn.options.get("video_id") or given.video_id or turn.context.get("video_id")
    if not video_id:
        video_id = await _find_only(turn, collection_id or turn.context.get("collection_id"))
    try:
        video = await turn.library.fetch_transcript(video_id, collection_id, turn.owner)
    except NotFoundError as exc:
        raise AgentError(f"The call {video_id} is not in your library.", "video_not_found") from exc
    if not video["full_text"]:
        raise AgentError(
            "This call has no transcript yet. Upload one: .txt, .vtt, .srt, .json or .docx.",
            "transcript_not_found",
        )
    ids = ("video_id", "collection_id")
    return {"video_uuid": video["id"], **{key: video[key] for key in ids}}


async def _find_only(turn: Turn, collection_id: str | None) -> str:
    videos = await turn.library.list_videos(collection_id or "default", turn.owner)
    if len(videos) == 1:
        return videos[0]["id"]
    if not videos:
        raise AgentError(
            "Missing required parameters: upload a transcript first, then ask again.",
            "missing_parameters",
        )
    names = "\n".join(f"- `video_id={video['id']}` {video['name']}" for video in videos[:10])
    raise AgentError(
        f"Missing required parameters: open a call, or name it.\n\n{names}", "missing_parameters"
    )


async def _call(turn: Turn, slug: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return await turn.functions.call(slug, body, request_id=turn.request_id)
    except FunctionError as exc:
        raise AgentError(
            f"The analysis stopped at {slug}: {exc} Send again to try once more.",
            "analysis_failed",
        ) from exc
