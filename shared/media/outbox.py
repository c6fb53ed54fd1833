"""Moves messages of jobs from the database's outbox into a queue outside of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.queue.scripted import ScriptedQueue

_MOST: Final = 200
_SECONDS: Final = 10.0


async def pump_outbox(env: SupabaseEnv, queue: ScriptedQueue) -> int:
    """Send all messages and return their number."""
    sent = 0
    while True:
        rows: list[Any] = await call_rpc(
            env, None, "list_media_outbox_v1", {"most": _MOST}, seconds=_SECONDS
        )
        if not rows:
            return sent
        await send_jobs(env, queue, rows)
        sent += len(rows)


async def send_jobs(
    env: SupabaseEnv, queue: ScriptedQueue, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Send {job_id, queue_name, user_id, priority, payload}; one sent twice is in the queue once.

    Raises UnavailableError if the queue cannot be reached.
    """
    for row in rows:
        await queue.send(
            row["queue_name"],
            to_json(row["payload"]).decode(),
            id=row["job_id"],
            group=row["user_id"],
            priority=row["priority"],
        )
    ids = [row["job_id"] for row in rows]
    await call_rpc(env, None, "delete_media_outbox_v1", {"job_ids": ids}, seconds=_SECONDS)
