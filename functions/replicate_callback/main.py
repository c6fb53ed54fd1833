"""Process a prediction of Replicate: store all its outputs, end the job, log the cost.

POST {jobId, prediction} with the secret key, by replicate-webhook and replicate-image: 200
{success, jobId, status, message, assets}. Not to be called from outside. A prediction that has not
ended renews the job's lease; a job that has ended stays as it is. Succeeded without an output, with
one that is gone, or that is neither image nor video: the job fails; canceled: it fails as canceled.
400 INVALID_BODY · 404 JOB_NOT_FOUND · 409 PREDICTION_MISMATCH · 502 OUTPUT_FAILED, 503: nothing was
changed, send it again.
"""

import asyncio
from typing import Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import endpoint
from shared.errors import ConflictError
from shared.http.body import MAX_BODY, Input, read_model

from .cost import compute_credits
from .outputs import OutputError, download, list_urls, store

_SECONDS: Final = 20.0
_LEASE_SECONDS: Final = 3_600
_AT_ONCE: Final = 4


class Prediction(Input):
    """What is read of a prediction."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=200)
    status: str = Field(max_length=50)
    output: Any = None
    error: Any = None
    metrics: dict[str, Any] | None = None
    input: dict[str, Any] | None = None


class CallbackInput(Input):
    """A job and its prediction."""

    job_id: UUID = Field(alias="jobId", strict=False)
    prediction: Prediction


@endpoint(auth="secret", timeout=110)
async def main(ctx: Context) -> dict[str, Any]:
    """Find the job, store the outputs, end it."""
    body = await read_model(ctx.request, CallbackInput, MAX_BODY)
    prediction = body.prediction
    job = await _call(ctx, "get_media_job_v1", job_id=str(body.job_id))
    ctx.note(job_id=job["id"], prediction_status=prediction.status)
    known = job["metadata"].get("prediction_id")
    if known not in (None, prediction.id):
        raise ConflictError("The job has another prediction.", code="PREDICTION_MISMATCH")
    report, credits = await _judge(ctx, job, prediction)
    noted = {"prediction_id": prediction.id, "replicate_status": prediction.status}
    report["metadata"] = {**noted, "webhook_processed": True, **report.get("metadata", {})}
    answer = await _call(
        ctx,
        "finish_replicate_job_v1",
        job_id=job["id"],
        report=report,
        credits=credits,
        usage={
            **noted,
            "metrics": prediction.metrics or {},
            "outputs": len(report.get("assets", [])),
        },
    )
    return {
        "success": True,
        "jobId": job["id"],
        "status": answer["status"],
        "message": answer["message"],
        "assets": [asset["path"] for asset in report.get("assets", [])],
    }


async def _judge(
    ctx: Context, job: dict[str, Any], prediction: Prediction
) -> tuple[dict[str, Any], float | None]:
    """Return the report for the job, and the credits that the prediction cost, None before."""
    match prediction.status:
        case "succeeded":
            report = await _collect(ctx, job, prediction)
            count = len(report.get("assets", [])) or 1
            return report, await compute_credits(ctx, job, prediction.metrics or {}, count)
        case "failed":
            error = str(prediction.error or "The prediction failed.")[:2000]
            return {"status": "failed", "error": error, "retryable": False}, 0
        case "canceled" | "aborted":
            return {"status": "failed", "error": "canceled", "retryable": False}, 0
        case _:  # starting, processing, and what may be added
            return {"status": "processing", "lease_seconds": _LEASE_SECONDS}, None


async def _collect(ctx: Context, job: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    """Store the outputs and return the report with the assets, or of the failure."""
    if job["status"] not in ("queued", "processing"):
        return {"status": "completed", "assets": []}  # it stays as it is
    try:
        urls = list_urls(prediction.output)
        gate = asyncio.Semaphore(_AT_ONCE)
        folder = f"{job['user_id']}/{job['id']}"

        async def keep(index: int, url: str) -> dict[str, Any]:
            async with gate:
                return await store(
                    ctx.env.supabase, folder, index, await download(ctx.env.supabase, url)
                )

        with ctx.stage("outputs"):
            assets = await asyncio.gather(*(keep(index, url) for index, url in enumerate(urls)))
    except OutputError as exc:
        return {"status": "failed", "error": str(exc), "retryable": False}
    return {
        "status": "completed",
        "assets": [_complete(asset, job, prediction) for asset in assets],
    }


def _complete(asset: dict[str, Any], job: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    given = prediction.input or {}
    seed = given.get("seed")
    metadata: dict[str, Any] = job["metadata"]
    settings = {name: given[name] for name in given if name != "prompt"}
    return {
        **asset,
        "seed": seed if isinstance(seed, int) and not isinstance(seed, bool) else 0,
        "model_used": str(metadata.get("model_key") or job["model_type"] or "replicate")[:200],
        "settings": {**settings, "provider": "replicate", "prediction_id": prediction.id},
    }


async def _call(ctx: Context, function: str, **arguments: Any) -> dict[str, Any]:
    return await call_rpc(ctx.env.supabase, None, function, arguments, seconds=_SECONDS)
