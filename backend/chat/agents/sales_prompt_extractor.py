"""@sales_prompt_extractor: from a call's transcript to a voice agent's prompt and training data."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from backend.chat.agents.agent import Agent, AgentError, Turn
from backend.chat.agents.analysis import call_stage
from backend.chat.agents.calls import find_call
from backend.chat.agents.sales_document import SECTIONS, render_document

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
            return await call_stage(turn, "structured-data", {"video_id": uuid})

        found = await turn.stage("structured_data", "Analysing the conversation", analyse)
        structured = {key: found.get(key) for key in _STRUCTURED}
        results["analysis"] = found.get("analysis")
        results["structured_data"] = {key: structured[key] for key in kind}
        _show(turn, results, sections)

        async def write_prompt() -> Mapping[str, Any]:
            body = {"video_id": uuid, "structured_data": structured}
            return await call_stage(turn, "voice-prompt", body)

        prompt = await turn.stage("voice_prompt", "Writing the voice prompt", write_prompt)
        results["voice_prompt"] = prompt.get("prompt")
        _show(turn, results, sections)

        async def draw_examples() -> Mapping[str, Any]:
            return await call_stage(turn, "training-data", {"video_id": uuid})

        training = await turn.stage("training_data", "Drawing training examples", draw_examples)
        results["training_data"] = {
            "examples": [
                {"input": example["input"], "output": example["output"]}
                for example in training.get("examples", [])
            ]
        }
        _show(turn, results, sections)
        turn.output.text += f"\n\n{_NEXT_STEPS}"
        turn.output.extra["few_shot_examples"] = training.get("few_shot_examples")
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
    found = {key: results[key] for key in sections if key in results}
    turn.output.extra.update(found)
    turn.output.fields.update(found)
    turn.output.text = render_document(results, sections)


async def _find(turn: Turn) -> Mapping[str, Any]:
    """Return ids of the call that is asked for. Raises AgentError without one or its transcript."""
    video = await find_call(turn)
    ids = ("video_id", "collection_id")
    return {"video_uuid": video["id"], **{key: video[key] for key in ids}}
