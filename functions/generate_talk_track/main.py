"""Write the talk track of a job: the slides of its deck in chunks, each saved when it is done.

POST {jobId}: 202 {success, jobId, status, progress, …} at once; the job runs in the background.
POST {jobId, wait: true}: 200 with the final state, or 202 if the request's deadline comes first.
A running or finished job returns 200 with its state and is not started again.
POST {action: "reap"}, secret key only: resume abandoned jobs, start queued ones, delete old ones.
Deployed without JWT verification, because callers may hold only the anon key. A job id, 122 random
bits that only its owner sees, allows starting that job once, and reveals its state, not the script.
400 INVALID_BODY · 401 · 403 FORBIDDEN (reap) · 404 JOB_NOT_FOUND · 503 DATABASE_UNAVAILABLE.
"""

import asyncio
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import ForbiddenError, NotFoundError
from shared.http.body import Input
from shared.http.deadline import seconds_left
from shared.jobs.slots import JobSlots
from shared.runtime.background import Reason
from shared.talk_tracks.env import talk_track_env

from .job import Claim, State
from .job_slots import current_job_slots, run_jobs
from .store import Store

Reply = tuple[dict[str, Any], int]


class GenerateInput(Input):
    """A job to run, or a maintenance action."""

    job_id: UUID | None = Field(default=None, alias="jobId", description="talk_track_jobs.id")
    wait: bool = False
    action: Literal["reap"] | None = None

    @model_validator(mode="after")
    def _has_one_purpose(self) -> Self:
        if (self.job_id is None) == (self.action is None):
            raise ValueError("give either jobId or action")
        return self


@endpoint(auth=("secret", "none"), body=GenerateInput)
async def main(ctx: Context, body: GenerateInput) -> Reply:
    """Claim the job, start it in the background, return its state."""
    ctx.on_shutdown(_stop_slots)
    slots, store = current_job_slots(), Store(ctx.env, talk_track_env())
    if body.job_id is None:
        return await _reap(ctx, slots, store)
    ctx.note(job_id=str(body.job_id))
    if not body.wait and not slots.has_free_slot:
        slots.notify()
        return _reply(await _read_state(store, body.job_id))
    claim = await slots.reserve(store.claim(body.job_id), _is_claim)
    if claim is None:
        raise NotFoundError("Job not found", code="JOB_NOT_FOUND")
    if isinstance(claim, State):
        return _reply(claim)
    ended = _start(ctx, claim)
    if body.wait:
        return await _wait(store, claim, ended)
    return _reply(claim.state, status=202)


def _start(ctx: Context, claim: Claim) -> asyncio.Event:
    ended = asyncio.Event()
    ctx.wait_until(run_jobs(ctx.env, claim, ended))
    return ended


async def _wait(store: Store, claim: Claim, ended: asyncio.Event) -> Reply:
    try:
        async with asyncio.timeout(seconds_left() - 1):
            await ended.wait()
    except TimeoutError:
        return _reply(claim.state, status=202)
    return _reply(await _read_state(store, claim.id))


async def _reap(ctx: Context, slots: JobSlots[Claim], store: Store) -> Reply:
    if ctx.auth_mode != "secret":
        raise ForbiddenError("This action requires the secret key.")
    removed = await store.delete_finished()
    begun = 0
    while slots.has_free_slot and (claim := await slots.reserve(store.claim_next(), _is_claim)):
        _start(ctx, claim)
        begun += 1
    return {"success": True, "begun": begun, "removed": removed}, 200


async def _read_state(store: Store, job_id: UUID) -> State:
    state = await store.read_state(job_id)
    if state is None:
        raise NotFoundError("Job not found", code="JOB_NOT_FOUND")
    return state


def _reply(state: State, *, status: int | None = None) -> Reply:
    answer = status or (202 if state.status == "pending" else 200)
    return {"success": state.status != "failed", "jobId": str(state.id), **state.render()}, answer


def _is_claim(claim: Claim | State | None) -> bool:
    return isinstance(claim, Claim)


def _stop_slots(_reason: Reason) -> None:
    current_job_slots().stopping.set()
