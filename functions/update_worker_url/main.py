"""Enter a worker's URL into the registry, if the worker answers there.

POST {worker_url | workerUrl, worker_type?: wan|sdxl|chat, auto_registered?, registration_method?,
detection_method?, weight?, concurrency?, key_secret?} with the secret key or by an administrator:
200 {success, message, worker_url, worker_type, updatedAt, auto_registered, registration_method,
detection_method}. A type may have several URLs. 400 WORKER_URL_MISSING, WORKER_URL_INVALID,
WORKER_NOT_RESPONDING, WORKER_TYPE_UNKNOWN · 403 ADMIN_REQUIRED.
"""

from typing import Any

from shared.auth.roles import require_admin
from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import BadInputError
from shared.http.body import read_model
from shared.workers.health import check_worker
from shared.workers.registry import Registry, Worker
from shared.workers.request import (
    MAX_BODY,
    RegistrationInput,
    check_worker_url,
    error_body,
    read_type,
)


@endpoint(auth=("user", "secret"), error_body=error_body)
async def main(ctx: Context) -> dict[str, Any]:
    """Check the caller, the URL and the worker, then register it."""
    await require_admin(ctx)
    body = await read_model(ctx.request, RegistrationInput, MAX_BODY)
    worker_type = read_type(body.worker_type, "wan")
    url = check_worker_url(body.url, ctx.env.supabase)
    candidate = Worker("", worker_type, "pull", url, "unknown", body.key_secret, {}, None)
    with ctx.stage("check"):
        report = await check_worker(ctx.env.supabase, candidate)
    if not report.is_healthy:
        raise BadInputError(
            "Worker is not responding",
            code="WORKER_NOT_RESPONDING",
            metadata={"details": report.error, "worker_url": url},
        )
    worker = await Registry(ctx.env.supabase).register(
        worker_type=worker_type,
        base_url=url,
        is_healthy=True,
        latency_ms=report.latency_ms,
        key_secret=body.key_secret,
        weight=body.weight,
        concurrency=body.concurrency,
        registration=body.details(),
    )
    return {
        "success": True,
        "message": "Worker URL updated successfully",
        "worker_url": worker.base_url,
        "worker_type": worker_type,
        "updatedAt": worker.updated_at,
        "auto_registered": body.auto_registered,
        "registration_method": body.registration_method,
        "detection_method": body.detection_method,
    }
