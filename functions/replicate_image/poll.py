"""Reads predictions whose webhook did not come, and ends the jobs of those that are over."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.errors import FunctionError
from shared.replicate.client import PredictionError, read_prediction
from shared.replicate.env import ReplicateEnv
from shared.replicate.process import process_prediction

from .predict import report
from .side_by_side import run_all

OVER: Final = ("succeeded", "failed", "canceled", "aborted")
_SECONDS: Final = 20.0
_AT_ONCE: Final = 4
_GONE: Final = 404


async def poll(ctx: Context, env: ReplicateEnv) -> dict[str, Any]:
    """Read what is due and return {polled, ended}; what fails is read again later."""
    if not env.token:
        return {"polled": 0, "ended": 0}
    due = await call_rpc(ctx.env.supabase, None, "claim_replicate_polls_v1", {}, seconds=_SECONDS)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def end(job: Mapping[str, Any]) -> bool:
        async with gate:
            try:
                return await _end(ctx, env, job["job_id"], job["prediction_id"])
            except FunctionError as exc:
                ctx.note(poll_failure={"job_id": job["job_id"], "code": exc.code})
                return False

    ended = await run_all(*map(end, due))
    return {"polled": len(due), "ended": sum(ended)}


async def _end(ctx: Context, env: ReplicateEnv, job_id: str, prediction_id: str) -> bool:
    """Whether the prediction was over, or is gone, so that its job has ended."""
    try:
        prediction = await read_prediction(env, prediction_id)
    except PredictionError as exc:
        if exc.provider_status != _GONE:
            raise
        await report(ctx, job_id, "failed", error="Replicate does not know it.")
        return True
    if prediction.get("status") not in OVER:
        return False  # its job's lease is the deadline
    await process_prediction(ctx.env.supabase, job_id, prediction)
    return True
