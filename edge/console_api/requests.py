"""GET /requests and /requests/{id}: what was recorded, newest first, and one with all its parts."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of
from edge.console_api.costs import add_usage
from edge.console_api.errors import not_found
from edge.console_api.filters import (
    Conditions,
    add_cursor,
    add_status,
    add_times,
    like,
    make_cursor,
    parse_limit,
    parse_uuid,
)
from edge.console_api.logs import render_log
from edge.console_api.rows import fetch, render_time
from edge.console_api.spans import find_spans
from edge.emulator.postgres.pool import Connection

COLUMNS: Final = (
    "r.id, r.parent_id, r.execution_id, r.function, r.method, r.path, r.query, r.status, r.code,"
    " r.error, r.fingerprint, r.started_at, r.duration_ms, r.cold, r.role, r.sub, r.request_bytes,"
    " r.response_bytes, r.replay_of, r.kind, r.attributes, r.seq"
)
_LOGS: Final = """
select seq, at, request_id, execution_id, source, function, level, event_type, text, fields
from edge_console.logs
where request_id = any(array(select $1::uuid union all
    (select id from edge_console.requests where parent_id = $1 limit 1000)))
  or (request_id is null and execution_id = $2 and at between $3 and $4)
order by at, seq limit 2000"""


def conditions_of(parameters: Mapping[str, str]) -> Conditions:
    """Return the conditions of a list of requests."""
    found = Conditions()
    for name in ("function", "kind", "method"):
        if value := parameters.get(name):
            found.add(f"r.{name} = ?", value.upper() if name == "method" else value)
    add_status(found, parameters.get("status", ""))
    if caller := parameters.get("caller"):
        found.add("(r.role = ? or r.sub = ?)", caller, caller)
    _add_origin(found, parameters)
    _add_numbers(found, parameters)
    add_times(found, parameters, "r.started_at")
    if text := parameters.get("q", "").strip():
        _add_search(found, text)
    return found


def _add_origin(found: Conditions, parameters: Mapping[str, str]) -> None:
    """Add what a request was made by: a replay, or another request."""
    if replay := parameters.get("replay_of"):
        found.add("r.replay_of = ?", parse_uuid(replay, "replay_of"))
    if parent := parameters.get("parent"):
        found.add("r.parent_id = ?", parse_uuid(parent, "parent"))
    elif parameters.get("nested", "").lower() != "true" and "kind" not in parameters:
        found.add("(r.parent_id is null or r.kind = 'function')")
    if parameters.get("own", "").lower() != "true" and not parent:
        found.add("(r.attributes -> 'edge.console' is null or r.failed)")


def _add_numbers(found: Conditions, parameters: Mapping[str, str]) -> None:
    if (cold := parameters.get("cold", "").lower()) in {"true", "false"}:
        found.add(f"r.cold = {cold}")
    if (fastest := parameters.get("min_ms", "")).replace(".", "", 1).isdigit():
        found.add("r.duration_ms >= ?", float(fastest))
    if fingerprint := parameters.get("fingerprint"):
        found.add("r.fingerprint = ?", fingerprint)


def _add_search(conditions: Conditions, text: str) -> None:
    """Search ids, paths, errors and bodies."""
    pattern = like(text[:200])
    columns = ("r.path", "r.query", "r.error", "r.code", "r.sub", "r.id::text", "r.execution_id")
    parts = [f"{column} ilike ?" for column in columns]
    parts.append(
        "exists (select from edge_console.bodies b where b.request_id = r.id"
        " and b.started_at = r.started_at and position(?::bytea in b.head) > 0)"
    )
    conditions.add(f"({' or '.join(parts)})", *[pattern] * len(columns), text.encode())


async def find_requests(
    connection: Connection, parameters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return a page of requests, newest first."""
    conditions = conditions_of(parameters)
    add_cursor(conditions, parameters.get("cursor", ""), "r.started_at, r.id", is_uuid=True)
    limit = conditions.bind(parse_limit(parameters))
    query = (
        f"select {COLUMNS} from edge_console.requests r where {conditions.where}"  # noqa: S608
        f" order by r.started_at desc, r.id desc limit {limit}"
    )
    return await fetch(connection, query, conditions.values)


def render_request(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item of a list."""
    item = dict(row)
    item.pop("seq", None)
    for name in ("id", "parent_id", "replay_of"):
        item[name] = item[name] and str(item[name])
    item["started_at"] = render_time(row["started_at"])
    item["duration_ms"] = round(row["duration_ms"], 2)
    return item


async def _list_requests(request: Request) -> Response:
    parameters = request.query_params
    limit = parse_limit(parameters)
    async with context_of(request).database() as connection:
        rows = await find_requests(connection, parameters)
    last = rows[-1] if len(rows) == limit else None
    following = make_cursor(last["started_at"], last["id"]) if last else None
    return JSONResponse({"data": [render_request(row) for row in rows], "next": following})


async def find_request(connection: Connection, request_id: str) -> dict[str, Any]:
    """Return the row of a request. Raises ApiError if there is none."""
    query = f"select {COLUMNS}, r.claims, r.api_key from edge_console.requests r where r.id = $1"  # noqa: S608
    rows = await fetch(connection, query, [parse_uuid(request_id, "id")])
    if not rows:
        raise not_found(
            f"request {request_id}",
            "It is older than what is kept, was answered less than a second ago, or was left out"
            " among many: under load a sample is recorded.",
        )
    return rows[0]


async def find_body(
    connection: Connection, row: Mapping[str, Any], direction: str
) -> dict[str, Any] | None:
    """Return the stored head of a request or a response, None if none was stored."""
    query = (
        "select headers, head, truncated, redacted from edge_console.bodies"
        " where request_id = $1 and started_at = $2 and direction = $3"
    )
    rows = await fetch(connection, query, [row["id"], row["started_at"], direction])
    return rows[0] if rows else None


def _render_body(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    text, encoding = decode(bytes(stored["head"]), is_cut=stored["truncated"])
    return {
        "headers": stored["headers"],
        "body": text,
        "encoding": encoding,
        "truncated": stored["truncated"],
        "redacted": stored["redacted"],
    }


def decode(head: bytes, *, is_cut: bool) -> tuple[str, str]:
    """Return the body as text if it is one; the last character may be cut in half."""
    for end in (0, 1, 2, 3) if is_cut else (0,):
        try:
            text = head[: len(head) - end].decode()
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, "utf8"
    return base64.b64encode(head).decode(), "base64"


async def _show_request(request: Request) -> Response:
    prices = context_of(request).settings.extensions.recording.prices
    async with context_of(request).database() as connection:
        row = await find_request(connection, request.path_params["id"])
        spans = await find_spans(connection, row)
        last = row["started_at"].timestamp() + row["duration_ms"] / 1000 + 1
        window = [row["started_at"], datetime.fromtimestamp(last, row["started_at"].tzinfo)]
        logs = await fetch(connection, _LOGS, [row["id"], row["execution_id"] or "", *window])
        bodies = [await find_body(connection, row, side) for side in ("request", "response")]
        replays = await fetch(
            connection,
            "select id from edge_console.requests where replay_of = $1 order by started_at",
            [row["id"]],
        )
    item = render_request({n: v for n, v in row.items() if n not in {"claims", "api_key"}})
    return JSONResponse(
        item
        | {
            "claims": row["claims"],
            "usage": add_usage(row, spans, prices),
            "spans": spans,
            "logs": [render_log(line) for line in logs],
            "request": _render_body(bodies[0]),
            "response": _render_body(bodies[1]),
            "replays": [str(each["id"]) for each in replays],
        }
    )


ROUTES: Final = [
    Route("/requests", _list_requests),
    Route("/requests/{id}", _show_request),
]
