"""Examples drawn from the transcript of a call, or from those of a collection's calls."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from shared.context import Context
from shared.conversations.videos import Output, VideoReference, find_video, store_outputs
from shared.errors import FunctionError
from shared.http.body import Input
from shared.llm.env import openai_env
from shared.llm.openai import extract
from shared.llm.prompt import delimit_text, read_prompt
from shared.llm.structured import StructuredRequest

from .examples import Drawn, Example, ExampleType, draw_from_turns
from .export import render_few_shot, render_lines
from .meaning import store_embeddings
from .selection import Selection, select
from .sources import Chunk, Sources
from .stored import Format, fetch_transcript, fetch_undrawn
from .transcript import parse_turns

PROMPT: Final = read_prompt(Path(__file__).with_name("prompts") / "examples.md")
_MOST_DRAWN: Final = 100
_MOST_PAIRS: Final = 200
"""Candidates of a transcript, spread evenly; each is compared with all that are kept."""
_MOST_CALLS: Final = 20
"""Calls of a collection that one request draws from: a model takes some seconds for each."""
_SIDE_BY_SIDE: Final = 4


class TrainingInput(Input):
    """From which video or collection, how many of each call, of which types; all by default."""

    video_id: VideoReference | None = None
    collection_id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    format: Format | None = None
    max_examples: int = Field(default=10, ge=1, le=50)
    types: list[ExampleType] = Field(default_factory=list[ExampleType], max_length=7)

    @model_validator(mode="after")
    def _check_source(self) -> "TrainingInput":
        if (self.video_id is None) == (self.collection_id is None):
            raise ValueError("either video_id or collection_id is needed")
        return self


async def draw(ctx: Context, body: TrainingInput) -> dict[str, Any]:
    """Draw from one video, or from a collection's calls that have no examples yet."""
    if body.video_id:
        video_id = await find_video(ctx, body.video_id)
        result = await draw_from_video(ctx, video_id, body)
    else:
        result = await _draw_from_collection(ctx, str(body.collection_id), body)
    if body.format:
        result["export"] = render_lines(result["examples"], body.format)
    return result


async def draw_from_video(ctx: Context, video_id: UUID, body: TrainingInput) -> dict[str, Any]:
    """Draw, store and return the examples of one call."""
    with ctx.stage("read"):
        transcript, chunks = await fetch_transcript(ctx, video_id)
    with ctx.stage("draw"):
        text = delimit_text("transcript", transcript)
        answer = await extract(openai_env(), StructuredRequest(PROMPT.text, text, Drawn))
    with ctx.stage("select"):
        found = await asyncio.to_thread(choose, transcript, answer.value.examples, body, chunks)
    metadata = {
        **answer.metadata,
        "prompt_version": PROMPT.version,
        "dropped": found.dropped,
        "pii": found.pii,
    }
    content = json.dumps({"examples": found.rows}, ensure_ascii=False)
    output = Output("training_data", content, metadata, training_data=found.rows)
    with ctx.stage("store"):
        ids = await store_outputs(ctx, video_id, [output])
    with ctx.stage("embed"):
        searchable = await store_embeddings(ctx, video_id, ids["training_data"], found.rows)
    return {
        "examples": found.rows,
        "dropped": found.dropped,
        "pii": found.pii,
        "few_shot_examples": render_few_shot(found.rows),
        "model": answer.metadata["model"],
        "id": ids["training_data"],
        "searchable": searchable,
    }


def choose(
    transcript: str, drawn: list[Example], body: TrainingInput, chunks: Sequence[Chunk] = ()
) -> Selection:
    """Return the model's examples, and question and answer pairs of the transcript to fill up."""
    turns = parse_turns(transcript)
    pairs = draw_from_turns(turns)
    step = max(1, len(pairs) // _MOST_PAIRS)
    candidates = [*drawn[:_MOST_DRAWN], *pairs[::step]]
    if body.types:
        candidates = [each for each in candidates if each.type in body.types]
    return select(turns, candidates, body.max_examples, Sources(chunks))


async def _draw_from_collection(
    ctx: Context, collection_id: str, body: TrainingInput
) -> dict[str, Any]:
    """Draw from up to 20 calls, the newest first; one that fails is named among the others.

    Raises the first failure if there is nothing else.
    """
    waiting = await fetch_undrawn(ctx, collection_id)
    places = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def work(video_id: UUID) -> dict[str, Any] | FunctionError:
        async with places:
            try:
                return await draw_from_video(ctx, video_id, body)
            except FunctionError as exc:
                return exc

    chosen = waiting[:_MOST_CALLS]
    results = await asyncio.gather(*(work(video_id) for video_id in chosen))
    examples: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for video_id, result in zip(chosen, results, strict=True):
        name = {"video_id": str(video_id)}
        if isinstance(result, FunctionError):
            failed.append({**name, "code": result.code, "message": result.message})
            continue
        examples += [{**example, **name} for example in result.pop("examples")]
        calls.append({**name, **result})
    first = next((each for each in results if isinstance(each, FunctionError)), None)
    if first and not calls:
        raise first
    return {
        "examples": examples,
        "calls": calls,
        "failed": failed,
        "remaining": len(waiting) - len(chosen),
    }
