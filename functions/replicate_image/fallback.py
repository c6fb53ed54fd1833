"""Jobs that no worker takes: the default model draws them.

Those with a reference are drawn by the first model whose capabilities name an input for it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.errors import FunctionError
from shared.replicate.env import ReplicateEnv

from .inputs import find_reference, map_inputs, map_reference, read_message
from .models import Model, find_default, find_reference_model
from .predict import predict
from .side_by_side import run_all

_AT_ONCE: Final = 4
"""A slow provider is done with all that is claimed before the function's time is over."""


async def fall_back(ctx: Context, env: ReplicateEnv) -> dict[str, Any]:
    """Have the default model draw what no worker takes."""
    if not env.token:
        return {"claimed": 0, "started": 0}
    from_text = await find_default(ctx)  # before jobs are claimed: without it nothing is drawn
    with_reference = await find_reference_model(ctx)
    arguments = {"takes_references": with_reference is not None}
    payloads = await call_rpc(
        ctx.env.supabase, None, "claim_replicate_jobs_v2", arguments, seconds=20
    )
    gate = asyncio.Semaphore(_AT_ONCE)

    async def start(payload: Mapping[str, Any]) -> bool:
        model = (with_reference if find_reference(payload) else None) or from_text
        async with gate:
            return await _start(ctx, env, payload, model)

    started = await run_all(*map(start, payloads))
    return {"claimed": len(payloads), "started": sum(started)}


async def _start(ctx: Context, env: ReplicateEnv, payload: Mapping[str, Any], model: Model) -> bool:
    inputs = map_inputs(model.defaults, read_message(payload), payload.get("prompt") or "")
    inputs |= map_reference(model.capabilities, payload)
    try:
        await predict(ctx, env, payload["job_id"], model, inputs)
    except FunctionError as exc:
        ctx.note(fallback_failure={"job_id": payload["job_id"], "code": exc.code})
        return False
    return True
