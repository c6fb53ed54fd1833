"""Stores a job with its message: in one transaction, or by the outbox for a queue elsewhere."""

from typing import Any, Final

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.errors import UnavailableError
from shared.media.outbox import send_jobs
from shared.queue.choose import choose_queue
from shared.queue.env import QueueEnv
from shared.queue.scripted import ScriptedQueue

from .batch import enqueuer

_SECONDS: Final = 10.0


async def enqueue(
    ctx: Context, settings: QueueEnv, row: dict[str, Any], payload: dict[str, Any]
) -> dict[str, Any]:
    """Return {job_id, status, queue_name, duplicate, position?, eta_seconds?}.

    Raises ConflictError IDEMPOTENCY_CONFLICT or TOO_MANY_JOBS, UnavailableError QUEUE_UNAVAILABLE.
    """
    env = ctx.env.supabase
    queue = choose_queue(settings, env)
    row["transport"] = "external" if settings.is_external else "pgmq"
    receipt = await enqueuer(env).enqueue(row, payload)
    if isinstance(queue, ScriptedQueue) and not receipt["duplicate"]:
        try:
            message = {**row, "job_id": receipt["job_id"], "payload": payload}
            await send_jobs(env, queue, [message])
        except UnavailableError:
            withdraw = {"job_id": receipt["job_id"]}
            if await call_rpc(env, None, "withdraw_media_job_v1", withdraw, seconds=_SECONDS):
                raise
    return receipt
