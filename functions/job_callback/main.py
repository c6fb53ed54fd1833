"""Take what a worker reports of a job: its result, failure or sign of life.

The service key may report any job, a worker's own key (wk_…) the jobs that it took.

POST {job_id or jobId, status: completed | failed | processing, assets? [{type: image | video, url:
path in workspace-temp, thumbnail_url?, metadata?}], results? {assets, as older workers send them},
error_message?, worker_id?, attempt?, metadata? {retryable, error_type, seed, frame_num, …}}.
200 {success, jobId, status, message, missing? [paths]}. A file must be in the job's own folder;
its size and type are read from Storage and its first bytes. A job that has ended stays as it is:
200, message "Callback already processed". A failure is retried if it is of a kind that may pass.
400 MISSING_FIELDS, INVALID_BODY, INVALID_ASSET, TOO_MANY_ASSETS · 401 · 403 JOB_OF_ANOTHER · 404
JOB_NOT_FOUND · 405 · 503 STORAGE_UNAVAILABLE, DATABASE_UNAVAILABLE: nothing was changed, send it
again.
"""

from dataclasses import replace
from typing import Any, Final

from shared.auth.credentials import read_credentials
from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import Answer, endpoint
from shared.http.body import read_model
from shared.workers.key import find_job_of, identify_worker

from .assets import check_assets, parse_assets
from .external import settle
from .report import Callback, Report, read_report

_MAX_BODY: Final = 1 << 20
_SECONDS: Final = 20.0


@endpoint(auth="none", timeout=60)
async def main(ctx: Context) -> Answer:
    """Read, find the job's owner, check the files, apply in one transaction, answer."""
    worker = await identify_worker(read_credentials(ctx.request.headers), ctx.env.supabase)
    report = read_report(await read_model(ctx.request, Callback, _MAX_BODY))
    ctx.note(job_id=report.job_id, reported=report.status)
    missing: list[str] = []
    assets: list[dict[str, Any]] = []
    if worker is not None:
        report = replace(report, worker_id=worker)
    if worker is not None or report.status == "completed":
        job = await find_job_of(worker, report.job_id, ctx.env.supabase)
        if report.status == "completed":
            named = parse_assets(report, job)
            if job["status"] in ("queued", "processing"):
                with ctx.stage("check"):
                    assets, missing = await check_assets(ctx, named)
    with ctx.stage("apply"):
        answer = await _apply(ctx, report, assets)
    ctx.note(status=answer["status"], applied=answer["applied"])
    await settle(ctx, report, answer)
    shown = {"missing": missing} if missing else {}
    return {
        "success": True,
        "jobId": answer["job_id"],
        "status": answer["status"],
        "message": answer["message"],
        **shown,
    }


async def _apply(ctx: Context, report: Report, assets: list[dict[str, Any]]) -> dict[str, Any]:
    rendered = {
        "status": report.status,
        "assets": assets,
        "error": report.error,
        "retryable": report.is_retryable,
        "metadata": report.metadata,
        "worker_id": report.worker_id,
        "attempt": report.attempt,
    }
    return await _call(ctx, "apply_media_callback_v1", job_id=report.job_id, report=rendered)


async def _call(ctx: Context, function: str, **arguments: Any) -> Any:
    return await call_rpc(ctx.env.supabase, None, function, arguments, seconds=_SECONDS)
