"""Leases jobs to workers, and finds those that workers have lost."""

from typing import Any, Final

from pydantic_core import from_json

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.media.job_types import SDXL_QUEUE, WAN_QUEUE
from shared.media.outbox import pump_outbox
from shared.queue.choose import choose_queue
from shared.queue.env import QueueEnv
from shared.queue.pgmq import PgmqQueue
from shared.queue.scripted import ScriptedQueue

QUEUES: Final = {SDXL_QUEUE: 300, WAN_QUEUE: 1800}
"""Seconds that a worker may be silent, by queue."""
_SECONDS: Final = 20.0


async def claim_job(
    env: SupabaseEnv, queue: PgmqQueue | ScriptedQueue, name: str, worker: str | None
) -> Any:
    """Return the payload of the next job, or another message; None if none waits, or in a pause.

    Jobs that were queued in Postgres before QUEUE_URL was set come after those of its server.
    """
    if isinstance(queue, ScriptedQueue):
        if await call_rpc(env, None, "is_media_queue_paused_v1", {"queue": name}, seconds=_SECONDS):
            return None
        value = await _claim_external(env, queue, name, worker)
        if value is not None:
            return value
    arguments = {"queue": name, "worker": worker}
    claimed = await call_rpc(env, None, "claim_media_job_v1", arguments, seconds=_SECONDS)
    return claimed and claimed["value"]


async def _claim_external(
    env: SupabaseEnv, queue: ScriptedQueue, name: str, worker: str | None
) -> Any:
    while message := await queue.claim(name, QUEUES[name]):
        job_id = _job_id(message.body)
        if job_id is None:
            await queue.done(message)
            return message.body
        arguments = {"job_id": job_id, "worker": worker, "seconds": QUEUES[name]}
        job = await call_rpc(env, None, "start_media_job_v1", arguments, seconds=_SECONDS)
        if job["started"]:
            return job["value"]
        if job["finished"]:
            await queue.done(message)
    return None


async def reap(ctx: Context, settings: QueueEnv) -> dict[str, Any]:
    """Queue the jobs of lost workers again, send what the outbox holds."""
    env = ctx.env.supabase
    reaped: dict[str, Any] = await call_rpc(env, None, "reap_media_jobs_v1", {}, seconds=_SECONDS)
    queue = choose_queue(settings, env)
    if isinstance(queue, ScriptedQueue):
        reaped["sent"] = await pump_outbox(env, queue)
    else:
        reaped["adopted"] = await call_rpc(env, None, "adopt_media_jobs_v1", {}, seconds=_SECONDS)
    ctx.note(**reaped)
    return {"success": True, **reaped}


def _job_id(body: str) -> str | None:
    try:
        job_id: Any = from_json(body)["job_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return job_id if isinstance(job_id, str) else None
