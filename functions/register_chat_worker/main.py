"""Register a chat worker, also one that does not answer yet; its health is checked on.

POST {worker_url, auto_registered?, registration_method?, capabilities?} with the secret key or by
an administrator: 200 {success, workerUrl, healthStatus, responseTimeMs, registrationInfo
{auto_registered, last_health_check, health_status, last_updated, response_time_ms}}. Without a
body the registered one is checked again; 404 WORKER_NOT_CONFIGURED if there is none.
400 WORKER_URL_INVALID · 403 ADMIN_REQUIRED.
"""

from typing import Any

from shared.auth.roles import require_admin
from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import NotFoundError
from shared.http.body import read_optional_model
from shared.workers.health import check_worker, released
from shared.workers.registry import Registry, Report, Worker
from shared.workers.request import MAX_BODY, RegistrationInput, check_worker_url, error_body


@endpoint(auth=("user", "secret"), error_body=error_body)
async def main(ctx: Context) -> dict[str, Any]:
    """Register what is given, else check what is registered."""
    await require_admin(ctx)
    body = await read_optional_model(ctx.request, RegistrationInput, MAX_BODY)
    report = await _refresh(ctx) if body.url is None else await _register(ctx, body)
    status = "healthy" if report.is_healthy else "unhealthy"
    return {
        "success": True,
        "workerUrl": report.worker.base_url,
        "healthStatus": status,
        "healthError": report.error,
        "responseTimeMs": report.latency_ms,
        "registrationInfo": {
            "auto_registered": report.worker.registration.get("auto_registered", False),
            "last_health_check": report.checked_at,
            "health_status": status,
            "last_updated": report.worker.updated_at,
            "response_time_ms": report.latency_ms,
        },
    }


async def _register(ctx: Context, body: RegistrationInput) -> Report:
    url = check_worker_url(body.url, ctx.env.supabase)
    candidate = Worker("", "chat", "pull", url, "unknown", body.key_secret, {}, None)
    with ctx.stage("check"):
        report = await check_worker(ctx.env.supabase, candidate)
    worker = await Registry(ctx.env.supabase).register(
        worker_type="chat",
        base_url=url,
        is_healthy=report.is_healthy,
        latency_ms=report.latency_ms,
        health_error=report.error,
        key_secret=body.key_secret,
        weight=body.weight,
        concurrency=body.concurrency,
        registration=body.details(),
    )
    return Report(worker, report.is_healthy, report.latency_ms, report.error, report.checked_at)


async def _refresh(ctx: Context) -> Report:
    registry = Registry(ctx.env.supabase)
    worker = await registry.choose("chat")
    if worker is None:
        raise NotFoundError("No worker URL configured", code="WORKER_NOT_CONFIGURED")
    with ctx.stage("check"):
        report = released(await check_worker(ctx.env.supabase, worker))
    await registry.report([report])
    return report
