"""Process a prediction of Replicate: store all its outputs, end the job, log the cost.

POST {jobId, prediction} with the secret key, by replicate-webhook and replicate-image: 200
{success, jobId, status, message, assets}. Not to be called from outside. A prediction that has not
ended renews the job's lease; a job that has ended stays as it is. Succeeded without an output, with
one that is gone, or that is neither image nor video: the job fails; canceled: it fails as canceled.
400 INVALID_BODY · 404 JOB_NOT_FOUND · 409 PREDICTION_MISMATCH · 502 OUTPUT_FAILED, 503: nothing was
changed, send it again.
"""

from typing import Any, Final
from uuid import UUID

from pydantic import Field

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import endpoint
from shared.errors import ConflictError
from shared.http.body import MAX_BODY, Input, read_model

from .judgement import Prediction, judge

_SECONDS: Final = 20.0


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
    report, credits = await judge(ctx, job, prediction)
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


async def _call(ctx: Context, function: str, **arguments: Any) -> dict[str, Any]:
    return await call_rpc(ctx.env.supabase, None, function, arguments, seconds=_SECONDS)
