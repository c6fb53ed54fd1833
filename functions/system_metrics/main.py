"""Show administrators how the system is: workers, queues, waiting times, functions.

GET or POST {minutes?: 60}, also without a body: 200 {timestamp, workers {chat, sdxl, wan: [{type,
url, status, lastChecked, responseTime, …}]}, queues {sdxl_queue, wan_queue}, queueDetails,
etaEstimates {sdxl, wan}, functions {name: {requests, errors, p50Ms, p95Ms, cacheHitRate, …}},
promptCache}. Counts of functions are complete after about a second. 403 ADMIN_REQUIRED.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from pydantic import ConfigDict, Field

from shared.auth.roles import require_admin
from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import endpoint
from shared.http.body import Input, read_optional_model
from shared.monitoring.counts import summarize

from .waiting import describe_wait

_MAX_BODY: Final = 1 << 16
_SECONDS: Final = 15.0
_MOST_WORKERS: Final = 200
_TYPES: Final = ("chat", "sdxl", "wan")
_COLUMNS: Final = (
    "worker_type, kind, base_url, enabled, health, health_error, latency_ms, in_flight,"
    " concurrency, failures, blocked_until, last_checked_at, last_seen_at"
)

Row = dict[str, Any]


class MetricsInput(Input):
    """Of how many minutes the functions' counts are summed."""

    model_config = ConfigDict(extra="ignore")

    minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)


@endpoint(auth=("user", "secret"), methods=("GET", "POST"))
async def main(ctx: Context) -> dict[str, Any]:
    """Check, read everything at once, answer."""
    body = await read_optional_model(ctx.request, MetricsInput, _MAX_BODY)
    await require_admin(ctx)
    now = datetime.now(UTC)
    since = (now - timedelta(minutes=body.minutes)).replace(second=0, microsecond=0)
    workers, queues, functions, cache = await asyncio.gather(
        _fetch_workers(ctx),
        _call(ctx, "get_media_queues_v1", {}),
        _call(ctx, "sum_function_metrics_v1", {"since": since.isoformat()}),
        _fetch_cache(ctx),
    )
    names = ("sdxl_queue", "wan_queue")
    return {
        "timestamp": now.isoformat(),
        "workers": {
            kind: [_render(row) for row in workers if row["worker_type"] == kind] for kind in _TYPES
        },
        "queues": {name: queues.get(name, {}).get("depth", 0) for name in names},
        "queueDetails": queues,
        "etaEstimates": {
            name.removesuffix("_queue"): describe_wait(queues.get(name, {})) for name in names
        },
        "functions": {name: summarize(totals) for name, totals in functions.items()},
        "promptCache": cache,
    }


async def _call(ctx: Context, function: str, arguments: Row) -> Row:
    answer = await call_rpc(ctx.env.supabase, None, function, arguments, seconds=_SECONDS)
    return cast("Row", answer)


async def _fetch_workers(ctx: Context) -> list[Row]:
    query = ctx.admin.table("workers").select(_COLUMNS).order("created_at").limit(_MOST_WORKERS)
    return cast("list[Row]", (await query.execute()).data)


async def _fetch_cache(ctx: Context) -> Row | None:
    query = ctx.admin.table("system_config").select("found:config->promptCache->metadata")
    rows = cast("list[Row]", (await query.eq("id", 1).execute()).data)
    return rows[0]["found"] if rows else None


def _render(row: Row) -> Row:
    return {
        "type": row["worker_type"],
        "kind": row["kind"],
        "url": row["base_url"],
        "status": row["health"],
        "healthError": row["health_error"],
        "enabled": row["enabled"],
        "lastChecked": row["last_checked_at"],
        "lastSeen": row["last_seen_at"],
        "responseTime": row["latency_ms"],
        "inFlight": row["in_flight"],
        "concurrency": row["concurrency"],
        "failures": row["failures"],
        "blockedUntil": row["blocked_until"],
    }
