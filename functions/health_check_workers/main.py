"""Ask all workers how they are, and store what they answer; each minute by its schedule.

POST or GET, also without a body, with the secret key or by an administrator: 200 {success,
healthResults {chatWorker, sdxlWorker, wanWorker: {isHealthy, lastChecked, responseTimeMs,
healthError, workerUrl}}, workers [{id, worker_type, kind, …the same}], timestamp}. A type's result
is that of its healthiest worker; a type without workers is not named. 403 ADMIN_REQUIRED.
"""

from datetime import UTC, datetime
from typing import Any, Final

from shared.auth.roles import require_admin
from shared.context import Context
from shared.endpoint import endpoint
from shared.workers.health import check_workers
from shared.workers.registry import TYPES, Registry, Report, read_workers
from shared.workers.request import error_body

_MOST: Final = 1_000


@endpoint(auth=("user", "secret"), methods=("GET", "POST"), error_body=error_body)
async def main(ctx: Context) -> dict[str, Any]:
    """Check and store."""
    await require_admin(ctx)
    query = ctx.admin.table("workers").select("*").eq("enabled", value=True).limit(_MOST)
    workers = read_workers((await query.execute()).data)
    with ctx.stage("check"):
        reports = await check_workers(ctx.env.supabase, workers)
    await Registry(ctx.env.supabase).report(reports)
    ctx.note(workers=len(reports), unhealthy=sum(not report.is_healthy for report in reports))
    return {
        "success": True,
        "healthResults": {f"{name}Worker": _render(best) for name, best in _best(reports)},
        "workers": [
            {
                "id": report.worker.id,
                "worker_type": report.worker.worker_type,
                "kind": report.worker.kind,
                **_render(report),
            }
            for report in reports
        ],
        "timestamp": datetime.now(UTC).isoformat(),
    }


def _best(reports: list[Report]) -> list[tuple[str, Report]]:
    ordered = sorted(reports, key=lambda report: (not report.is_healthy, report.latency_ms or 0))
    return [
        (name, next(report for report in ordered if report.worker.worker_type == name))
        for name in TYPES
        if any(report.worker.worker_type == name for report in reports)
    ]


def _render(report: Report) -> dict[str, Any]:
    return {
        "isHealthy": report.is_healthy,
        "lastChecked": report.checked_at,
        "responseTimeMs": report.latency_ms,
        "healthError": report.error,
        "workerUrl": report.worker.base_url,
        "url": report.worker.base_url,
    }
