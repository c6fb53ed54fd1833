"""Creates the prediction of a job and notes it in the job's row."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.errors import FunctionError
from shared.replicate.client import PredictionError, UnknownOutcomeError, create_prediction
from shared.replicate.env import ReplicateEnv

from .models import Model

_SECONDS: Final = 20.0
_LEASE_SECONDS: Final = 3_600
_UNKNOWN_SECONDS: Final = 600
"""How long a webhook is waited for when the answer was lost: no prediction can be read then."""


async def predict(
    ctx: Context, env: ReplicateEnv, job_id: str, model: Model, inputs: Mapping[str, Any]
) -> str:
    """Return the prediction's id; the job is then processing. Raises what the provider's fault is.

    If the answer was lost the job stays processing: the webhook, or the lease's end, decides.
    """
    url = f"{ctx.env.supabase.function_url('replicate-webhook')}?job_id={quote(job_id)}"
    noted = {
        "provider_name": "replicate",
        "model_key": model.key,
        "version": model.version,
        "seed": inputs.get("seed"),
    }
    try:
        with ctx.stage("predict"):
            prediction = await create_prediction(env, model.version, inputs, url)
    except UnknownOutcomeError:
        await report(ctx, job_id, "processing", metadata=noted, lease_seconds=_UNKNOWN_SECONDS)
        raise
    except FunctionError as exc:
        is_retryable = not isinstance(exc, PredictionError) or exc.is_retryable
        await report(ctx, job_id, "failed", error=exc.message, retryable=is_retryable)
        raise
    noted |= {"prediction_id": prediction["id"], "replicate_status": prediction.get("status")}
    await report(ctx, job_id, "processing", metadata=noted, lease_seconds=_LEASE_SECONDS)
    return prediction["id"]


async def report(ctx: Context, job_id: str, status: str, **fields: Any) -> dict[str, Any]:
    """Apply a report to the job."""
    arguments = {"job_id": job_id, "report": {"status": status, **fields}}
    return await call_rpc(
        ctx.env.supabase, None, "apply_media_callback_v1", arguments, seconds=_SECONDS
    )
