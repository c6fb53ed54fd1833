"""Take what Replicate reports of a prediction: believe it, once, and have it processed.

POST the prediction, signed with webhook-id, webhook-timestamp and webhook-signature; ?job_id= names
the job. At most 10 MB. 200 {success, jobId, status, duplicate}, also for what is over already.
400 INVALID_BODY · 401 SIGNATURE_MISSING, INVALID_SIGNATURE, SIGNATURE_EXPIRED; always, if
REPLICATE_WEBHOOK_SECRET is not set · 404 JOB_NOT_FOUND · 503 PROCESSOR_FAILED: sent again, it is
processed then.
"""

import time
from typing import Any, Final, cast
from uuid import UUID

from pydantic_core import from_json

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import endpoint
from shared.errors import BadInputError, NotFoundError
from shared.http.body import read_bytes
from shared.replicate.env import replicate_env
from shared.replicate.process import process_prediction
from shared.replicate.webhook import verify

_SECONDS: Final = 10.0


@endpoint(auth="none", timeout=110)
async def main(ctx: Context) -> dict[str, Any]:
    """Verify, find the job, process once."""
    body = await read_bytes(ctx.request)
    webhook_id = verify(body, ctx.request.headers, replicate_env().webhook_secrets, time.time())
    prediction = _parse(body)
    ctx.note(prediction_id=prediction["id"], prediction_status=prediction["status"])
    job_id = await _find_job(ctx, prediction["id"])
    ctx.note(job_id=job_id)
    arguments = {"webhook_id": webhook_id, "prediction_id": prediction["id"]}
    is_new = await _call(ctx, "begin_replicate_event_v1", arguments)
    if not is_new:
        return {"success": True, "jobId": job_id, "duplicate": True}
    answer = await process_prediction(ctx.env.supabase, job_id, prediction)
    await _call(ctx, "finish_replicate_event_v1", {"webhook_id": webhook_id})
    return {"success": True, "jobId": job_id, "status": answer.get("status"), "duplicate": False}


def _parse(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body)
    except ValueError:
        found = None
    prediction = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if not all(isinstance(prediction.get(name), str) for name in ("id", "status")):
        raise BadInputError(
            "The body is not a prediction: id or status is missing.", code="INVALID_BODY"
        )
    return prediction


async def _find_job(ctx: Context, prediction_id: str) -> str:
    """Return the job of the prediction; one that knows its prediction yet by the URL's job_id."""
    table = ctx.admin.table("jobs").select("id, metadata")
    query = table.eq("metadata->>prediction_id", prediction_id).limit(1)
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows and (named := _read_id(ctx.request.query_params.get("job_id"))):
        query = ctx.admin.table("jobs").select("id, metadata").eq("id", named).limit(1)
        rows = cast("list[dict[str, Any]]", (await query.execute()).data)
        rows = [row for row in rows if "prediction_id" not in row["metadata"]]
    if not rows:
        raise NotFoundError("Job not found", code="JOB_NOT_FOUND")
    return rows[0]["id"]


def _read_id(given: str | None) -> str | None:
    try:
        return str(UUID(given or ""))
    except ValueError:
        return None


async def _call(ctx: Context, function: str, arguments: dict[str, Any]) -> Any:
    return await call_rpc(ctx.env.supabase, None, function, arguments, seconds=_SECONDS)
