"""/schedules: functions' schedules and pg_cron's jobs: when they run next, how the last went."""

from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError, not_found
from edge.emulator.postgres.pool import Connection
from edge.emulator.scheduler import next_time

_JOBS: Final = """
select j.jobid as id, coalesce(j.jobname, 'job ' || j.jobid) as name, j.schedule, j.command,
  j.username, j.active, d.status, d.return_message as message, d.start_time, d.end_time
from cron.job j left join lateral (
  select * from cron.job_run_details d where d.jobid = j.jobid order by d.runid desc limit 1
) d on true order by j.jobid limit 1000"""
_RUNS: Final = """
select runid as id, status, return_message as message, start_time, end_time
from cron.job_run_details where jobid = $1 order by runid desc limit 50"""
_EXISTS: Final = "select to_regclass('cron.job') is not null as there"
_JOB: Final = "job:"
_FUNCTION: Final = "function:"


async def _list_schedules(request: Request) -> Response:
    context = context_of(request)
    listed = [_describe_function(context, slug) for slug in _scheduled(context)]
    async with context.database() as connection:
        if await _has_jobs(connection):
            listed += map(_describe_job, await (await connection.execute(_JOBS)).fetchall())
    return JSONResponse({"data": listed, "next": None})


async def _show_runs(request: Request) -> Response:
    """Return the last runs of one of pg_cron's jobs."""
    number = _job_number(request.path_params["id"])
    rows: list[dict[str, Any]] = []
    async with context_of(request).database() as connection:
        if await _has_jobs(connection):
            rows = await (await connection.execute(_RUNS, (number,))).fetchall()
    return JSONResponse({"data": [_with_times(row) for row in rows], "next": None})


async def _run_now(request: Request) -> Response:
    context, name = context_of(request), request.path_params["id"]
    services = context.services()
    if services is None or services.cron is None or services.scheduler is None:
        raise ApiError(
            409,
            "SCHEDULES_OFF",
            "Schedules do not run on this stack.",
            "Start it with a local database: edge start",
        )
    if name.startswith(_JOB):
        number = _job_number(name)
        await record(context, "schedule.run", name)
        if not await services.cron.run_now(number):
            raise not_found("job with this number, or it runs already")
    else:
        slug = name.removeprefix(_FUNCTION)
        if slug not in _scheduled(context):
            raise not_found("schedule with this name", "GET /console/api/schedules lists them.")
        await record(context, "schedule.run", name)
        if not services.scheduler.run_now(slug):
            raise ApiError(409, "ALREADY_RUNNING", "Its last call is still under way.")
    return JSONResponse({"started": name}, 202)


async def _has_jobs(connection: Connection) -> bool:
    """Return whether pg_cron was created."""
    found = await (await connection.execute(_EXISTS)).fetchone()
    return found is not None and found["there"]


def _scheduled(context: ConsoleContext) -> dict[str, str]:
    functions = context.functions.functions
    return {s: f.manifest.schedule for s, f in functions.items() if f.manifest.schedule}


def _describe_function(context: ConsoleContext, slug: str) -> dict[str, Any]:
    services = context.services()
    scheduler = services.scheduler if services else None
    last = scheduler.last_calls.get(slug) if scheduler else None
    when = _scheduled(context)[slug]
    return {
        "id": _FUNCTION + slug,
        "kind": "function",
        "name": slug,
        "schedule": when,
        "active": scheduler is not None,
        "next_at": _next(when),
        "command": context.functions.functions[slug].manifest.schedule_body,
        "last_at": _iso(last.started_at) if last else None,
        "last_status": last.status if last else None,
        "last_message": last.message if last else None,
    }


def _describe_job(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{_JOB}{row['id']}",
        "kind": "pg_cron",
        "name": row["name"],
        "schedule": row["schedule"],
        "active": row["active"],
        "next_at": _next(row["schedule"]) if row["active"] else None,
        "command": row["command"],
        "last_at": _iso(row["start_time"]),
        "last_status": row["status"],
        "last_message": row["message"],
    }


def _with_times(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"start_time": _iso(row["start_time"]), "end_time": _iso(row["end_time"])}


def _next(when: str) -> str | None:
    try:
        text = when.strip().lower().replace("$", "L")
        return next_time(text, datetime.now(UTC)).isoformat()
    except ValueError:
        return None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _job_number(name: str) -> int:
    digits = name.removeprefix(_JOB)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise not_found("job with this number")
    return int(digits)


ROUTES: Final = [
    Route("/schedules", _list_schedules),
    Route("/schedules/{id}/runs", _show_runs),
    Route("/schedules/{id}/run", _run_now, methods=["POST"]),
]
