"""GET /logs: lines of functions and of the platform, newest first."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of
from edge.console_api.errors import invalid
from edge.console_api.filters import (
    Conditions,
    add_cursor,
    add_times,
    like,
    make_cursor,
    parse_limit,
    parse_uuid,
)
from edge.console_api.rows import fetch, render_time
from edge.emulator.postgres.pool import Connection
from edge.events import Level

COLUMNS: Final = (
    "l.seq, l.at, l.request_id, l.execution_id, l.source, l.function, l.level, l.event_type,"
    " l.text, l.fields"
)
_LEVELS: Final = tuple(level.value for level in Level)


def conditions_of(parameters: Mapping[str, str]) -> Conditions:
    """Return the conditions of a list of lines; `level` is the lowest."""
    found = Conditions()
    for name in ("function", "source", "event_type"):
        if value := parameters.get(name):
            found.add(f"l.{name} = ?", value)
    if level := parameters.get("level", "").lower():
        if level not in _LEVELS:
            raise invalid(f"level is {level[:40]!r}.", f"Use one of {', '.join(_LEVELS)}.")
        found.add("l.level = any(?)", list(_LEVELS[_LEVELS.index(level) :]))
    if request_id := parameters.get("id"):
        found.add(
            "(l.request_id = ? or l.execution_id = ?)",
            parse_uuid(request_id, "request"),
            request_id,
        )
    add_times(found, parameters, "l.at")
    if text := parameters.get("q", "").strip():
        pattern = like(text[:200])
        found.add("(l.text ilike ? or l.fields::text ilike ?)", pattern, pattern)
    return found


async def find_logs(connection: Connection, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a page of lines, newest first."""
    conditions = conditions_of(parameters)
    add_cursor(conditions, parameters.get("cursor", ""), "l.at, l.seq", is_uuid=False)
    limit = conditions.bind(parse_limit(parameters))
    query = (
        f"select {COLUMNS} from edge_console.logs l where {conditions.where}"  # noqa: S608
        f" order by l.at desc, l.seq desc limit {limit}"
    )
    return await fetch(connection, query, conditions.values)


def render_log(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item of a list."""
    item = dict(row)
    item.pop("seq", None)
    item["request_id"] = row["request_id"] and str(row["request_id"])
    item["at"] = render_time(row["at"])
    return item


async def _list_logs(request: Request) -> Response:
    parameters = request.query_params
    limit = parse_limit(parameters)
    async with context_of(request).database() as connection:
        rows = await find_logs(connection, parameters)
    last = rows[-1] if len(rows) == limit else None
    following = make_cursor(last["at"], last["seq"]) if last else None
    return JSONResponse({"data": [render_log(row) for row in rows], "next": following})


ROUTES: Final = [Route("/logs", _list_logs)]
