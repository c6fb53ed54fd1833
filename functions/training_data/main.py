"""Draw training examples from a stored transcript, without personal data, and export them.

POST {video_id, max_examples? ≤ 50, types?}: 200 {status, data: {result: {examples [{input, output,
type, context, quality}], dropped {incomplete, ungrounded, pii_only, duplicate, over_quota}, pii,
few_shot_examples, id, searchable}, …}}.
GET ?video_id= | ?collection_id= [&type=]: {examples}; with ?query= [&limit= ≤ 100] those that mean
it, best first, with score. GET /export?format=openai|anthropic|ndjson
with the same filters: one JSON document a line.
400 INVALID_BODY, INVALID_FILTER · 404 VIDEO_NOT_FOUND · 409 TRANSCRIPT_MISSING · 413
TRANSCRIPT_TOO_LONG · 502/503/504 PROVIDER_… · 503 DATABASE_UNAVAILABLE.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from starlette.responses import PlainTextResponse

from shared.context import Context
from shared.conversations.videos import Output, store_outputs
from shared.endpoint import Answer, endpoint
from shared.errors import MethodNotAllowedError, NotFoundError
from shared.http import envelope
from shared.http.body import Input, read_model
from shared.llm.env import openai_env
from shared.llm.openai import extract
from shared.llm.prompt import delimit_text, read_prompt
from shared.llm.structured import StructuredRequest

from .examples import Drawn, Example, ExampleType, draw_from_turns
from .export import render_few_shot, render_lines
from .meaning import find_examples, store_embeddings
from .selection import Selection, select
from .stored import fetch_transcript, read_filters
from .transcript import parse_turns

_MOST_DRAWN: Final = 100
_MOST_PAIRS: Final = 200
"""Candidates of a transcript, spread evenly; each is compared with all that are kept."""
PROMPT = read_prompt(Path(__file__).with_name("prompts") / "examples.md")


class TrainingInput(Input):
    """From which video, how many, and of which types; all types by default."""

    video_id: Annotated[UUID, Field(description="videos.id")]
    max_examples: int = Field(default=10, ge=1, le=50)
    types: list[ExampleType] = Field(default_factory=list[ExampleType], max_length=7)


@endpoint(auth=("user", "secret"), methods=("GET", "POST"), error_body=envelope.fail)
async def main(ctx: Context) -> Answer:
    """Route by method and path."""
    match ctx.request.method, ctx.subpath.strip("/"):
        case "POST", "":
            return await _draw(ctx, await read_model(ctx.request, TrainingInput))
        case "GET", "":
            return {"examples": await find_examples(ctx, read_filters(ctx.request))}
        case "GET", "export":
            return await _export(ctx)
        case _, "" | "export":
            raise MethodNotAllowedError("Method not allowed for this path.")
        case _:
            raise NotFoundError("Unknown path.")


async def _draw(ctx: Context, body: TrainingInput) -> dict[str, Any]:
    ctx.note(output_type="training_data", video_id=str(body.video_id))
    with ctx.stage("read"):
        transcript = await fetch_transcript(ctx, body.video_id)
    with ctx.stage("draw"):
        text = delimit_text("transcript", transcript)
        answer = await extract(openai_env(), StructuredRequest(PROMPT.text, text, Drawn))
    with ctx.stage("select"):
        found = await asyncio.to_thread(_select, transcript, answer.value.examples, body)
    metadata = {
        **answer.metadata,
        "prompt_version": PROMPT.version,
        "dropped": found.dropped,
        "pii": found.pii,
    }
    content = json.dumps({"examples": found.rows}, ensure_ascii=False)
    output = Output("training_data", content, metadata, training_data=found.rows)
    with ctx.stage("store"):
        ids = await store_outputs(ctx, body.video_id, [output])
    with ctx.stage("embed"):
        searchable = await store_embeddings(ctx, body.video_id, ids["training_data"], found.rows)
    result = {
        "examples": found.rows,
        "dropped": found.dropped,
        "pii": found.pii,
        "few_shot_examples": render_few_shot(found.rows),
        "id": ids["training_data"],
        "searchable": searchable,
    }
    return envelope.succeed(ctx, "training_data", result)


def _select(transcript: str, drawn: list[Example], body: TrainingInput) -> Selection:
    """Return the model's examples, and question and answer pairs of the transcript to fill up."""
    turns = parse_turns(transcript)
    pairs = draw_from_turns(turns)
    step = max(1, len(pairs) // _MOST_PAIRS)
    candidates = [*drawn[:_MOST_DRAWN], *pairs[::step]]
    if body.types:
        candidates = [each for each in candidates if each.type in body.types]
    return select(transcript, turns, candidates, body.max_examples)


async def _export(ctx: Context) -> PlainTextResponse:
    filters = read_filters(ctx.request)
    lines = render_lines(await find_examples(ctx, filters), filters.format)
    name = f"training-data.{filters.format}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(lines, media_type="application/x-ndjson", headers=headers)
