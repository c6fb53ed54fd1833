"""Turn a stored transcript into an analysis and structured sales data, by OpenAI.

POST {video_id}: the uuid that process-transcript answered as video_uuid, or the source's own id.
200 {status, data: {result: {analysis, sales_techniques, communication_strategies,
objection_handling, voice_agent_guidelines, key_metrics, id, analysis_id}, …}}.
400 INVALID_BODY · 404 VIDEO_NOT_FOUND · 409 VIDEO_AMBIGUOUS, TRANSCRIPT_MISSING,
TRANSCRIPT_INCOMPLETE, TRANSCRIPT_CHANGED · 502/503/504 PROVIDER_… · 503 DATABASE_UNAVAILABLE.
"""

from pathlib import Path
from typing import Any

from pydantic import Field

from shared.context import Context
from shared.conversations.sales import Findings, KeyMetrics
from shared.conversations.videos import Output, VideoReference, find_video, store_outputs
from shared.endpoint import endpoint
from shared.http import envelope
from shared.http.body import Input
from shared.llm.env import openai_env
from shared.llm.openai import extract
from shared.llm.prompt import delimit_text, read_prompt
from shared.llm.structured import StructuredRequest, StructuredResponse

from .excerpts import Excerpts
from .retrieval import fetch_excerpts

PROMPT = read_prompt(Path(__file__).with_name("prompts") / "analysis.md")


class AnalysisInput(Input):
    """Which video to analyse."""

    video_id: VideoReference


class Analysis(Findings):
    """Structured output of the model."""

    analysis: str = Field(description="The analysis for a sales team to read, in Markdown.")
    key_metrics: KeyMetrics


@endpoint(auth=("user", "secret"), body=AnalysisInput, error_body=envelope.fail)
async def main(ctx: Context, body: AnalysisInput) -> dict[str, Any]:
    """Retrieve, ask, store, answer."""
    ctx.note(output_type="structured_data")
    with ctx.stage("retrieve"):
        video_id = await find_video(ctx, body.video_id)
        excerpts = await fetch_excerpts(ctx, video_id)
    with ctx.stage("analyse"):
        text = delimit_text("transcript", excerpts.text)
        answer = await extract(openai_env(), StructuredRequest(PROMPT.text, text, Analysis))
    with ctx.stage("store"):
        ids = await store_outputs(ctx, video_id, _outputs(answer, excerpts))
    result = {
        **answer.value.model_dump(mode="json"),
        "id": ids["structured_data"],
        "analysis_id": ids["analysis"],
    }
    return envelope.succeed(ctx, "structured_data", result)


def _outputs(answer: StructuredResponse[Analysis], excerpts: Excerpts) -> list[Output]:
    metadata = {
        **answer.metadata,
        "prompt_version": PROMPT.version,
        "transcript_id": excerpts.transcript_id,
        "retrieval": excerpts.retrieval,
        "chunk_ids": [chunk.id for chunk in excerpts.chunks],
    }
    structured = answer.value.model_dump_json(exclude={"analysis"})
    return [
        Output("analysis", answer.value.analysis, metadata),
        Output("structured_data", structured, metadata),
    ]
