"""Jobs in the database as the caller: row-level security selects the rows."""

import asyncio
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.talk_tracks.env import talk_track_env
from shared.talk_tracks.slides import MAX_SLIDES, check_slides, read_slides

from .job import COLUMNS, LISTED, Job

_MOST: Final = 100
_SELECTED: Final = ", ".join((*COLUMNS, *LISTED, "chunk_seconds"))

Rows = list[dict[str, Any]]


async def check_deck(ctx: Context, project_id: UUID, deck_id: UUID) -> None:
    """Raise BadInputError if the deck cannot have a talk track. A missing one is create_job's."""
    query = ctx.caller.table("deck_structures").select("slides").eq("id", str(deck_id))
    rows = cast("Rows", (await query.eq("funnel_project_id", str(project_id)).execute()).data)
    if rows:
        slides = cast("list[object]", rows[0]["slides"])
        check_slides(await asyncio.to_thread(read_slides, slides[: MAX_SLIDES + 1]))


async def create_job(ctx: Context, project_id: UUID, deck_id: UUID) -> str:
    """Create a job and return its id."""
    arguments = {"project_id": str(project_id), "deck_id": str(deck_id)}
    return cast("str", (await ctx.caller.rpc("create_talk_track_job_v1", arguments).execute()).data)


async def fetch_job(ctx: Context, job_id: UUID | str) -> Job | None:
    query = ctx.caller.table("talk_track_jobs").select(_SELECTED).eq("id", str(job_id))
    rows = cast("Rows", (await query.execute()).data)
    return _job(rows[0]) if rows else None


async def list_jobs(ctx: Context, project_id: UUID | None) -> list[Job]:
    """List up to 100 jobs, newest first."""
    query = ctx.caller.table("talk_track_jobs").select(_SELECTED)
    if project_id is not None:
        query = query.eq("funnel_project_id", str(project_id))
    ordered = query.order("created_at", desc=True).limit(_MOST)
    return [_job(row) for row in cast("Rows", (await ordered.execute()).data)]


async def cancel_job(ctx: Context, job_id: UUID) -> None:
    await ctx.caller.rpc("cancel_talk_track_job_v1", {"job_id": str(job_id)}).execute()


async def retry_job(ctx: Context, job_id: UUID) -> None:
    await ctx.caller.rpc("retry_talk_track_job_v1", {"job_id": str(job_id)}).execute()


def _job(row: dict[str, Any]) -> Job:
    return Job(row, talk_track_env().concurrency)
