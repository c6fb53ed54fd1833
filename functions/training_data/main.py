"""Draw training examples from stored transcripts, without personal data, and export them.

`video_id` is the uuid that process-transcript answered as video_uuid, or the source's own id.
POST {video_id | collection_id, format?, max_examples? ≤ 50, types?}: 200 {status, data: {result:
{examples [{input, output, type, context, quality, chunk_ids}], dropped {incomplete, ungrounded,
pii_only, duplicate, over_quota}, pii, few_shot_examples, model, id, searchable}, …}}; with `format`
also `export`. `chunk_ids` are the chunks of the transcript in which the output stands.
Of a collection, calls without examples yet, 20 a request: {examples, calls [{video_id, dropped,
pii, …}], failed [{video_id, code, message}], remaining}.
GET ?video_id= | ?collection_id= [&type=]: {examples}; with ?query= [&limit= ≤ 100] those that mean
it, best first, with score.
GET /export?format=openai|anthropic|alpaca|sharegpt|ndjson with the same filters: one JSON document
a line.
400 INVALID_BODY, INVALID_FILTER · 404 VIDEO_NOT_FOUND · 409 VIDEO_AMBIGUOUS, TRANSCRIPT_MISSING ·
413 TRANSCRIPT_TOO_LONG · 502/503/504 PROVIDER_… · 503 DATABASE_UNAVAILABLE.
"""

from typing import Any

from starlette.responses import PlainTextResponse

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import MethodNotAllowedError, NotFoundError
from shared.http import envelope
from shared.http.body import read_model

from .drawing import TrainingInput, draw
from .export import render_lines
from .meaning import find_examples
from .stored import read_filters


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
    ctx.note(output_type="training_data")
    return envelope.succeed(ctx, "training_data", await draw(ctx, body))


async def _export(ctx: Context) -> PlainTextResponse:
    filters = read_filters(ctx.request)
    lines = render_lines(await find_examples(ctx, filters), filters.format)
    name = f"training-data.{filters.format}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(lines, media_type="application/x-ndjson", headers=headers)
