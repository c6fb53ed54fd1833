"""Return the URL of a worker that answers: the next healthy one of its type.

POST or GET {worker_type?: chat|sdxl|wan, also as a query parameter}, also without a body, which
means wan: 200 {success, worker_url, workerUrl, isHealthy, healthError, registrationInfo
{workerType, autoRegistered, registrationMethod, lastUpdated}, worker_type, supportedEndpoints,
workerCapabilities, responseTimeMs}. Each worker that is found unhealthy is followed by the next;
without an sdxl worker a wan worker serves. If none is healthy, the first one is named, with
isHealthy false. 404 WORKER_NOT_CONFIGURED: no worker is registered.
"""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import ConfigDict

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import NotFoundError
from shared.http.body import Input, read_optional_model
from shared.workers.health import check_worker, read_info, released
from shared.workers.registry import Registry, Report, read_workers
from shared.workers.request import MAX_BODY, error_body, read_type

_MOST_TRIED = 5


class WorkerInput(Input):
    """The type of worker."""

    model_config = ConfigDict(extra="ignore")

    worker_type: str | None = None


@endpoint(auth=("user", "secret"), methods=("GET", "POST"), error_body=error_body)
async def main(ctx: Context) -> dict[str, Any]:
    """Choose, check, describe."""
    body = await read_optional_model(ctx.request, WorkerInput, MAX_BODY)
    given = body.worker_type or ctx.request.query_params.get("worker_type")
    worker_type = read_type(given, "wan")
    found = await _find(ctx, worker_type)
    if found is None and worker_type == "sdxl":
        found = await _find(ctx, "wan")
    if found is None:
        raise NotFoundError("No worker URL configured", code="WORKER_NOT_CONFIGURED")
    worker = found.worker
    is_substitute = worker.worker_type != worker_type
    info: Mapping[str, Any] = {}
    if found.is_healthy:
        info = await read_info(ctx.env.supabase, worker)
    endpoints: Any = info.get("endpoints")
    capabilities: Any = info.get("capabilities")
    return {
        "success": True,
        "worker_url": worker.base_url,
        "workerUrl": worker.base_url,
        "isHealthy": found.is_healthy,
        "healthError": found.error,
        "registrationInfo": {
            "workerType": "wan-fallback" if is_substitute else worker.worker_type,
            "autoRegistered": worker.registration.get("auto_registered", False),
            "registrationMethod": worker.registration.get("registration_method"),
            "lastUpdated": worker.updated_at,
        },
        "worker_type": worker_type,
        "supportedEndpoints": _names(endpoints),
        "workerCapabilities": capabilities if isinstance(capabilities, dict) else {},
        "responseTimeMs": found.latency_ms,
    }


async def _find(ctx: Context, worker_type: str) -> Report | None:
    """Return the first healthy worker's report, else the first report, None without workers."""
    registry, reports = Registry(ctx.env.supabase), list[Report]()
    for _ in range(_MOST_TRIED):
        worker = await registry.choose(worker_type, [report.worker for report in reports])
        if worker is None:
            break
        with ctx.stage("check"):
            reports.append(released(await check_worker(ctx.env.supabase, worker)))
        if reports[-1].is_healthy:
            break
    await registry.report(reports)
    healthy = [report for report in reports if report.is_healthy]
    return next(iter(healthy or reports), None) or await _find_blocked(ctx, worker_type)


async def _find_blocked(ctx: Context, worker_type: str) -> Report | None:
    """Return a worker that failed so often that it is not asked at the moment."""
    query = (
        ctx.admin.table("workers")
        .select("*")
        .eq("worker_type", worker_type)
        .eq("enabled", value=True)
        .limit(1)
    )
    workers = read_workers((await query.execute()).data)
    error = "The worker failed several times and is asked again in some seconds."
    return Report(workers[0], is_healthy=False, error=error) if workers else None


def _names(endpoints: Any) -> list[str]:
    """Return the paths of {path: description} or of a list."""
    if not isinstance(endpoints, dict | list):
        return []
    return [str(path) for path in cast("list[Any]", endpoints)]
