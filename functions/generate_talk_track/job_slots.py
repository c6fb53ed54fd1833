"""The jobs that this worker process runs at the same time."""

import asyncio
from functools import cache, partial

from shared.env import Env
from shared.jobs.slots import JobSlots
from shared.llm.env import openai_env
from shared.talk_tracks.env import talk_track_env

from .job import Claim
from .job_runner import JobRunner
from .store import Store


@cache
def current_job_slots() -> JobSlots[Claim]:
    """Return the slots of this process."""
    return JobSlots(talk_track_env().jobs_per_worker)


async def run_jobs(env: Env, claim: Claim, ended: asyncio.Event) -> None:
    """Run a claimed job, set `ended`, and continue with queued jobs."""
    slots = current_job_slots()
    run_job = partial(_run_job, env, slots.stopping)

    async def run_and_report(claim: Claim) -> None:
        try:
            await run_job(claim)
        finally:
            ended.set()

    await slots.run(claim, run_and_report, Store(env, talk_track_env()).claim_next)


async def _run_job(env: Env, stopping: asyncio.Event, claim: Claim) -> None:
    await JobRunner(env, openai_env(), talk_track_env(), claim, stopping).run()
