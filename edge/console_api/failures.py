"""GET /errors: what failed, grouped by function, code and text; GET /summary: what fails now."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.filters import Conditions, add_times, parse_limit
from edge.console_api.requests import find_requests, render_request
from edge.console_api.rows import fetch, render_time
from edge.console_api.status_of_functions import workers_of
from edge.emulator.postgres.pool import Connection

_GROUPS: Final = """
select r.fingerprint, r.function, r.kind, max(r.code) as code, max(r.status) as status,
  (array_agg(r.error order by r.started_at desc))[1] as text, count(*) as count,
  min(r.started_at) as first_at, max(r.started_at) as last_at,
  (array_agg(r.id order by r.started_at desc))[1] as sample_id
from edge_console.requests r where {} group by r.fingerprint, r.function, r.kind
order by max(r.started_at) desc limit {}"""
_FAILING: Final = """
select function, sum(calls) as calls, sum(errors) as errors from edge_console.calls
where minute >= $1 group by function having sum(errors) > 0 order by sum(errors) desc limit 20"""
_DATABASE: Final = """
select pg_database_size(current_database()) as bytes,
  (select sum(size) from pg_ls_waldir())::bigint as wal_bytes"""
_KEPT: Final = """
select (select count(*) from edge_console.requests) as stored,
  (select min(started_at) from edge_console.requests) as oldest,
  (select sum(pg_total_relation_size(c.oid)) from pg_class c where c.relkind = 'r'
    and c.relnamespace = 'edge_console'::regnamespace)::bigint as bytes"""
_WINDOW: Final = timedelta(hours=24)
_RECENT: Final = timedelta(minutes=15)


async def _list_errors(request: Request) -> Response:
    parameters = request.query_params
    found = Conditions()
    found.add("r.failed")
    if function := parameters.get("function"):
        found.add("r.function = ?", function)
    if kind := parameters.get("kind"):
        found.add("r.kind = ?", kind)
    if not parameters.get("from"):
        found.add("r.started_at >= ?", datetime.now(UTC) - _WINDOW)
    add_times(found, parameters, "r.started_at")
    query = _GROUPS.format(found.where, found.bind(parse_limit(parameters)))
    async with context_of(request).database() as connection:
        rows = await fetch(connection, query, found.values)
    return JSONResponse({"data": [_render_group(row) for row in rows], "next": None})


def _render_group(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: render_time(row[name]) for name in ("first_at", "last_at")}
    return row | times | {"sample_id": str(row["sample_id"])}


async def _show_summary(request: Request) -> Response:
    context = context_of(request)
    now = datetime.now(UTC)
    async with context.database() as connection:
        failing = await fetch(connection, _FAILING, [now - _RECENT])
        recent = await find_requests(connection, {"status": "5xx", "limit": "10", "from": "24h"})
        database = (await fetch(connection, _DATABASE, []))[0]
        recording = await _recording(context, connection)
    disk = shutil.disk_usage(context.settings.state_dir)
    return JSONResponse(
        {
            "failing_functions": [
                {**each, "calls": int(each["calls"]), "errors": int(each["errors"])}
                for each in failing
            ],
            "recent_errors": [render_request(row) for row in recent],
            "workers": [
                worker | {"function": slug}
                for slug in context.functions.functions
                for worker in workers_of(context, slug)
            ],
            "database": database,
            "last_deploy": await run_in_threadpool(_last_deploy, context.settings.state_dir),
            "disk": {"total_bytes": disk.total, "free_bytes": disk.free},
            "recording": recording,
        }
    )


def _last_deploy(state: Path) -> str | None:
    """Return when `edge deploy` last wrote a target's record; None if it never did."""
    written = [place.stat().st_mtime for place in (state / "deploy").glob("*/*")]
    return render_time(datetime.fromtimestamp(max(written), UTC)) if written else None


async def _recording(context: ConsoleContext, connection: Connection) -> dict[str, Any]:
    """Return what is kept, and what is not."""
    recorder = context.recorder
    if recorder is None:
        return {"enabled": False}
    rows = await fetch(connection, _KEPT, [])
    nothing: dict[str, Any] = {"stored": 0, "oldest": None, "bytes": 0}
    kept = rows[0] if rows else nothing
    settings = recorder.settings
    return {
        "enabled": True,
        "stored": kept["stored"],
        "bytes": kept["bytes"],
        "oldest": kept["oldest"] and render_time(kept["oldest"]),
        "dropped": recorder.dropped,
        "repeats": recorder.repeats,
        "cpu_seconds": round(recorder.cpu_seconds, 3),
        "retention": {
            "days": settings.days,
            "failed_days": settings.failed_days,
            "max_mb": settings.max_mb,
            "body_kb": settings.body_kb,
            "per_second": settings.per_second,
        },
    }


ROUTES: Final = [Route("/errors", _list_errors), Route("/summary", _show_summary)]
