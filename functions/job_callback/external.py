"""Brings a queue outside of Postgres to what the database has decided about a job."""

from typing import Any

from shared.context import Context
from shared.errors import UnavailableError
from shared.media.outbox import pump_outbox
from shared.queue.choose import choose_queue
from shared.queue.env import queue_env
from shared.queue.scripted import ScriptedQueue, whoever_holds

from .report import Report

_USUAL_LEASE = 300.0


async def settle(ctx: Context, report: Report, answer: dict[str, Any]) -> None:
    """Remove the message of a job that has ended; renew or return that of another.

    If the queue cannot be reached, the message is claimed once more after its lease, and dropped
    or started as the job's row says.
    """
    if answer["transport"] != "external":
        return
    queue = choose_queue(queue_env(), ctx.env.supabase)
    if not isinstance(queue, ScriptedQueue):
        return
    message = whoever_holds(answer["queue_name"], answer["job_id"])
    try:
        if answer["status"] in ("completed", "failed", "cancelled"):
            await queue.done(message)
        elif answer["status"] == "queued":
            await queue.done(message)
            await pump_outbox(ctx.env.supabase, queue)
        elif report.status == "processing" and answer["applied"]:
            await queue.renew(message, answer.get("lease_seconds") or _USUAL_LEASE)
    except UnavailableError as exc:
        ctx.note(queue_error=exc.code)
