"""Write the prompt for a voice agent from structured sales data, by Claude.

POST {video_id, structured_data?}; without structured_data the newest stored one is used. `video_id`
is the uuid that process-transcript answered as video_uuid, or the source's own id.
200 {status, data: {result: {voice_characteristics, conversation_framework, response_patterns,
prompt, id}, …}}; `prompt` is ready to paste.
400 INVALID_BODY · 404 VIDEO_NOT_FOUND · 409 VIDEO_AMBIGUOUS, STRUCTURED_DATA_MISSING,
STRUCTURED_DATA_STALE, STRUCTURED_DATA_UNREADABLE · 413 STRUCTURED_DATA_TOO_LONG · 502/503/504
PROVIDER_… · 503 DATABASE_UNAVAILABLE.
"""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, JsonValue

from shared.context import Context
from shared.conversations.sales import StructuredData
from shared.conversations.videos import Output, VideoReference, find_video, store_outputs
from shared.endpoint import endpoint
from shared.http import envelope
from shared.http.body import Input
from shared.llm.anthropic import compose
from shared.llm.env import anthropic_env
from shared.llm.prompt import delimit_json, read_prompt
from shared.llm.structured import StructuredRequest

from .rendering import render_prompt
from .source import check_length, fetch_structured_data
from .voice import VoiceDesign

PROMPT = read_prompt(Path(__file__).with_name("prompts") / "voice.md")


class HandedOn(StructuredData):
    """What structured-data answered, as it is; its text and the rows' ids are not looked at."""

    model_config = ConfigDict(extra="forbid")

    analysis: JsonValue = Field(default=None, exclude=True)
    id: JsonValue = Field(default=None, exclude=True)
    analysis_id: JsonValue = Field(default=None, exclude=True)


class VoicePromptInput(Input):
    """For which video, and from what."""

    video_id: VideoReference
    structured_data: HandedOn | None = None


@endpoint(auth=("user", "secret"), body=VoicePromptInput, error_body=envelope.fail)
async def main(ctx: Context, body: VoicePromptInput) -> dict[str, Any]:
    """Read, ask, render, store, answer."""
    ctx.note(output_type="voice_prompt")
    with ctx.stage("read"):
        video_id = await find_video(ctx, body.video_id)
        source = body.structured_data or await fetch_structured_data(ctx, video_id)
    with ctx.stage("compose"):
        text = delimit_json("structured_data", source.model_dump(mode="json"))
        check_length(text)
        answer = await compose(anthropic_env(), StructuredRequest(PROMPT.text, text, VoiceDesign))
    design = answer.value.model_dump(mode="json")
    prompt = render_prompt(answer.value, source)
    metadata = {**answer.metadata, "prompt_version": PROMPT.version, "design": design}
    with ctx.stage("store"):
        ids = await store_outputs(ctx, video_id, [Output("voice_prompt", prompt, metadata)])
    result = {**design, "prompt": prompt, "id": ids["voice_prompt"]}
    return envelope.succeed(ctx, "voice_prompt", result)
