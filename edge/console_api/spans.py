"""The spans of a request: its own, those of the calls that it made, and what it did afterwards."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from edge.console_api.rows import fetch
from edge.emulator.postgres.pool import Connection

_SPANS: Final = """
select id, parent, kind, name, start_us, end_us, attributes from edge_console.spans
where request_id = $1 and started_at = $2 order by start_us, end_us desc limit 2000"""
_CALLS: Final = """
select id, kind, function, method, path, status, started_at, duration_ms, attributes
from edge_console.requests where parent_id = $1 order by started_at limit 1000"""
_LAST_LINE: Final = """
select max(at) as at from edge_console.logs where request_id = $1 and event_type = 'Log'"""
_SHORTEST_US: Final = 5000


async def find_spans(connection: Connection, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the request's own spans, and one for each request that it made to this stack."""
    spans = await fetch(connection, _SPANS, [row["id"], row["started_at"]])
    calls = await fetch(connection, _CALLS, [row["id"]])
    lines = await fetch(connection, _LAST_LINE, [row["id"]])
    parent = "handler" if any(span["id"] == "handler" for span in spans) else "gateway"
    made = [_render_call(call, row["started_at"], parent) for call in calls]
    end = round(row["duration_ms"] * 1000)
    last = _microseconds(row["started_at"], lines[0]["at"]) if lines and lines[0]["at"] else 0
    until = max([last, *(call["end_us"] for call in made)])
    if until < end + _SHORTEST_US:
        return spans + made
    background: dict[str, Any] = {
        "id": "background",
        "parent": "gateway",
        "kind": "background",
        "name": "background work",
        "start_us": end,
        "end_us": until,
        "attributes": {},
    }
    for call in made:
        if call["start_us"] >= end:
            call["parent"] = "background"
    return [*spans, background, *made]


def _render_call(call: Mapping[str, Any], began: datetime, parent: str) -> dict[str, Any]:
    start = max(_microseconds(began, call["started_at"]), 0)
    attributes: dict[str, Any] = call["attributes"] or {}
    return {
        "id": str(call["id"]),
        "parent": parent,
        "kind": call["kind"],
        "name": _name(call, attributes),
        "start_us": start,
        "end_us": start + round(call["duration_ms"] * 1000),
        "attributes": {
            "http.request.method": call["method"],
            "url.path": call["path"],
            "http.response.status_code": call["status"],
            **attributes,
            "edge.request_id": str(call["id"]),
        },
    }


def _name(call: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    """Return a short name, as OpenTelemetry forms it: `SELECT notes`, `chat gpt-5`."""
    if procedure := attributes.get("db.stored_procedure.name"):
        return f"CALL {procedure}"
    if table := attributes.get("db.collection.name"):
        return f"{attributes['db.operation.name']} {table}"
    if operation := attributes.get("gen_ai.operation.name"):
        return f"{operation} {attributes.get('gen_ai.request.model', '')}".rstrip()
    return f"{call['method']} {call['path']}"


def _microseconds(began: datetime, at: datetime) -> int:
    return round((at - began).total_seconds() * 1_000_000)
