"""Create talk-track jobs and follow their progress.

POST {projectId, deckStructureId}: 202 {success, jobId}; generate-talk-track runs the job.
GET ?projectId=: {jobs: […]}, newest first, at most a hundred.
GET /JOB: {job: {id, status, progress, current_chunk, total_chunks, error_message, talk_track_id,
eta_seconds}}. GET /JOB/events: the same as server-sent events on each change, until the job ends.
POST /JOB/cancel: {success}. POST /JOB/retry: 202 {success, jobId}: a failed or cancelled job
continues with its missing chunks.
POST /decks[?title=][&projectId=][&dry_run=true] with a .pptx, a Markdown outline or JSON of up to
30 MB: 201 {success, projectId, deckStructureId, title, totalSlides, slides [first ten]}.
400 INVALID_BODY, INVALID_PRESENTATION, DECK_SIZE, DECK_WITHOUT_WORDS, SLIDE_TOO_LONG · 404
DECK_NOT_FOUND, PROJECT_NOT_FOUND, JOB_NOT_FOUND · 409 JOB_FINISHED · 413 · 415 · 503
DATABASE_UNAVAILABLE. Another user's are not found.
"""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response, StreamingResponse

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import BadInputError, MethodNotAllowedError, NotFoundError
from shared.http.body import Input, read_model
from shared.talk_tracks.jobs import invoke_generation

from .decks import add_deck
from .events import follow
from .ids import job_not_found, parse_id, require_id
from .job import Job
from .store import cancel_job, check_deck, create_job, fetch_job, list_jobs, retry_job

Command = Literal["cancel", "retry"]


class CreateInput(Input):
    """The deck for the talk track."""

    project_id: UUID = Field(alias="projectId", description="funnel_projects.id")
    deck_structure_id: UUID = Field(alias="deckStructureId", description="deck_structures.id")


@endpoint(auth="user", methods=("GET", "POST"))
async def main(ctx: Context) -> Answer:
    """Route by method and path."""
    match ctx.request.method, ctx.subpath.strip("/").split("/"):
        case "POST", [""]:
            return await _create(ctx)
        case "GET", [""]:
            return await _list(ctx)
        case "POST", ["decks"]:
            return await add_deck(ctx)
        case "GET", [job_id]:
            return {"job": (await _require_job(ctx, job_id)).render()}
        case "GET", [job_id, "events"]:
            return await _stream(ctx, job_id)
        case "POST", [job_id, "cancel" | "retry" as command]:
            return await _command(ctx, job_id, command)
        case _, [_] | [_, "events" | "cancel" | "retry"]:
            raise MethodNotAllowedError("Method not allowed for this path.")
        case _:
            raise NotFoundError("Unknown path.")


async def _create(ctx: Context) -> Answer:
    body = await read_model(ctx.request, CreateInput)
    with ctx.stage("create"):
        await check_deck(ctx, body.project_id, body.deck_structure_id)
        job_id = await create_job(ctx, body.project_id, body.deck_structure_id)
    return _begin(ctx, job_id)


def _begin(ctx: Context, job_id: str) -> tuple[dict[str, Any], int]:
    """Start the job in the background; if that fails, the scheduled reap starts it."""
    ctx.note(job_id=job_id)
    ctx.wait_until(invoke_generation(ctx.env.supabase, job_id))
    return {"success": True, "jobId": job_id}, 202


async def _list(ctx: Context) -> Answer:
    given = ctx.request.query_params.get("projectId")
    project_id = parse_id(given) if given else None
    if given and project_id is None:
        raise BadInputError("projectId must be a uuid.")
    return {"jobs": [job.render_listed() for job in await list_jobs(ctx, project_id)]}


async def _command(ctx: Context, given: str, command: Command) -> Answer:
    job_id = require_id(given)
    if command == "retry":
        await retry_job(ctx, job_id)
        return _begin(ctx, str(job_id))
    await cancel_job(ctx, job_id)
    return {"success": True}


async def _stream(ctx: Context, given: str) -> Response:
    job = await _require_job(ctx, given)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(follow(ctx, job), media_type="text/event-stream", headers=headers)


async def _require_job(ctx: Context, given: str) -> Job:
    job = await fetch_job(ctx, require_id(given))
    if job is None:
        raise job_not_found()
    return job
