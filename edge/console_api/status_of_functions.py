"""How functions do: calls and times of the last hours, workers, settings, names of variables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from edge.console_api.context import ConsoleContext
from edge.console_api.rows import fetch, render_time
from edge.emulator.postgres.pool import Connection
from edge.errors import EdgeError
from edge.operating_system import resident_bytes
from edge.project.limits import LimitsMode
from edge.project.manifest import Function
from edge.project.worker_environment import build_worker_environment
from edge.recording.counts import BOUNDS_MS

_TOTALS: Final = """
select function, sum(calls)::bigint as calls, sum(errors)::bigint as errors,
  sum(cold)::bigint as cold, array(
    select sum(d)::bigint from edge_console.calls b, unnest(b.durations) with ordinality as u(d, n)
    where b.function = c.function and b.minute >= $1 group by n order by n) as durations
from edge_console.calls c where minute >= $1 group by function"""
_SERIES: Final = """
select minute, calls, errors, cold, durations from edge_console.calls
where function = $1 and minute >= $2 order by minute"""
_LAST_ERRORS: Final = """
select function, max(started_at) as at from edge_console.requests
where failed and kind = 'function' and status >= 500 and started_at >= $1 group by function"""
_WINDOW: Final = timedelta(hours=24)


def percentile(durations: Sequence[int], share: float) -> float | None:
    """Return the time in ms, between a class's bounds, that this share of the calls took at most.

    None without calls.
    """
    total = sum(durations)
    if not total:
        return None
    wanted, seen, low = total * share, 0, 0.0
    for count, high in zip(durations, (*BOUNDS_MS, BOUNDS_MS[-1]), strict=False):
        if count and seen + count >= wanted:
            return round(low + (high - low) * (wanted - seen) / count, 2)
        seen, low = seen + count, float(high)
    return float(BOUNDS_MS[-1])


async def read_totals(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return calls, errors, cold starts and percentiles of the last day by function."""
    since = datetime.now(UTC) - _WINDOW
    errors = await fetch(connection, _LAST_ERRORS, [since])
    last = {row["function"]: render_time(row["at"]) for row in errors}
    return {
        row["function"]: {
            "calls": row["calls"],
            "errors": row["errors"],
            "cold": row["cold"],
            "p50_ms": percentile(row["durations"], 0.5),
            "p95_ms": percentile(row["durations"], 0.95),
            "last_error_at": last.get(row["function"]),
        }
        for row in await fetch(connection, _TOTALS, [since])
    }


NOTHING: Final[Mapping[str, Any]] = {
    "calls": 0,
    "errors": 0,
    "cold": 0,
    "p50_ms": None,
    "p95_ms": None,
    "last_error_at": None,
}


async def read_series(connection: Connection, slug: str, minutes: int) -> list[dict[str, Any]]:
    """Return the calls by minute."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    return [
        {
            "minute": render_time(row["minute"]),
            "calls": row["calls"],
            "errors": row["errors"],
            "cold": row["cold"],
            "p50_ms": percentile(row["durations"], 0.5),
            "p95_ms": percentile(row["durations"], 0.95),
        }
        for row in await fetch(connection, _SERIES, [slug, since])
    ]


def workers_of(context: ConsoleContext, slug: str) -> list[dict[str, Any]]:
    """Return the function's workers that live."""
    return [
        {
            "pid": process.pid,
            "execution_id": process.execution_id,
            "state": process.state.name.lower(),
            "memory_bytes": resident_bytes(process.pid) if process.pid else 0,
            "cpu_seconds": round(process.cpu_total, 2),
            "requests": process.in_flight,
            "sockets": process.sockets,
            "background": process.background,
            "served": process.served,
            "age_seconds": round(process.age, 1),
        }
        for process in context.functions.workers(slug)
    ]


def describe_settings(context: ConsoleContext, function: Function) -> dict[str, Any]:
    """Return limits and settings of function.toml, and the names of what its workers are given."""
    manifest = function.manifest
    settings = context.settings
    try:
        names = sorted(build_worker_environment(settings.with_current_secrets(), function))
    except EdgeError:
        names = []
    return {
        "limits": asdict(manifest.limits(LimitsMode(settings.limits))),
        "settings": manifest.model_dump(exclude={"secrets"}),
        "env_names": names,
        "missing_secrets": sorted(set(manifest.secrets) - set(names)),
        "fault": function.fault,
    }
