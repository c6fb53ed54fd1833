"""Analysis of a call by structured-data, as a stage of the run."""

from collections.abc import Mapping
from typing import Any

from backend.chat.agents.agent import AgentError, Turn
from backend.chat.functions import FunctionError


async def analyse(turn: Turn, video: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    """Return the result of structured-data. Raises AgentError."""

    async def call() -> Mapping[str, Any]:
        return await call_stage(turn, "structured-data", {"video_id": video["id"]})

    return await turn.stage(f"structured_data_{video['id']}", action, call)


async def call_stage(turn: Turn, slug: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Call a function. Raises AgentError with words for the user."""
    try:
        return await turn.functions.call(slug, body, request_id=turn.request_id)
    except FunctionError as exc:
        raise AgentError(
            f"The analysis stopped at {slug}: {exc} Send again to try once more.",
            "analysis_failed",
        ) from exc
