"""Write the talk track of a job: its deck's slides in chunks, each saved as soon as it is done.

POST {jobId}: 202 {success, jobId, status, progress, …} at once, the work goes on in the background.
POST {jobId, wait: true}: 200 with the job's end, or 202 if that takes longer than a request may.
A job that is at work or finished is answered 200 with its state: nothing is done twice.
POST {action: "reap"}, by the secret key: resume what was abandoned, begin what waits, clean up.
Deployed without JWT verification, as its callers may hold no more than the anon key. The secret key
or a job's own id, 122 random bits that only its owner sees, starts that job's work once, and nobody
learns the script by it: only the state of the job is answered.
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
from shared.runtime.background import Reason

from .crew import Crew, current_crew
from .job import Claim, State
from .store import Store

Reply = tuple[dict[str, Any], int]


class GenerateInput(Input):
    """A job to work on, or what is to be done from time to time."""

    job_id: UUID | None = Field(default=None, alias="jobId", description="talk_track_jobs.id")
    wait: bool = False
    action: Literal["reap"] | None = None

    @model_validator(mode="after")
    def _asks_for_one_thing(self) -> Self:
        if (self.job_id is None) == (self.action is None):
            raise ValueError("give either jobId or action")
        return self


@endpoint(auth=("secret", "none"), body=GenerateInput)
async def main(ctx: Context, body: GenerateInput) -> Reply:
    """Claim, begin, answer."""
    ctx.on_shutdown(_stop_crew)
    crew, store = current_crew(), Store(ctx.env)
    if body.job_id is None:
        return await _reap(ctx, crew, store)
    ctx.note(job_id=str(body.job_id))
    if not body.wait and not crew.has_room:
        crew.knock()
        return _reply(await _read_state(store, body.job_id))
    claim = await crew.reserve(store.claim(body.job_id))
    if claim is None:
        raise NotFoundError("Job not found", code="JOB_NOT_FOUND")
    if isinstance(claim, State):
        return _reply(claim)
    ended = _begin(ctx, crew, claim)
    if body.wait:
        return await _wait(store, claim, ended)
    return _reply(claim.state, status=202)


def _begin(ctx: Context, crew: Crew, claim: Claim) -> asyncio.Event:
    ended = asyncio.Event()
    ctx.wait_until(crew.work(ctx.env, claim, ended))
    return ended


async def _wait(store: Store, claim: Claim, ended: asyncio.Event) -> Reply:
    try:
        async with asyncio.timeout(seconds_left() - 1):
            await ended.wait()
    except TimeoutError:
        return _reply(claim.state, status=202)
    return _reply(await _read_state(store, claim.id))


async def _reap(ctx: Context, crew: Crew, store: Store) -> Reply:
    if ctx.auth_mode != "secret":
        raise ForbiddenError("Only the secret key may do this.")
    removed = await store.clean_up()
    begun = 0
    while crew.has_room and (claim := await crew.reserve(store.claim_next())):
        _begin(ctx, crew, claim)
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


def _stop_crew(_reason: Reason) -> None:
    current_crew().stop()
