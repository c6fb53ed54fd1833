"""Requests: a live list whose filters are in the address."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError, rows_of
from console.layout import heading
from console.ui.bulk import ask_bulk
from console.ui.filters import Filters
from console.ui.live_list import LiveList, Source
from console.ui.messages import empty
from console.ui.table import Column

COLUMNS: Final = (
    Column("started_at", "Time", "time"),
    Column("status", "Status", "status"),
    Column("what", "Request", "mono", href="/console/requests/{id}"),
    Column("error", "Error", "wrap"),
    Column("duration_ms", "Took", "duration"),
    Column("caller", "Caller", "mono", optional=True),
    Column("marks", "Notes", optional=True),
)
_STATUS: Final = {
    "error": "Failed (4xx, 5xx)",
    "5xx": "5xx",
    "4xx": "4xx",
    "2xx": "2xx",
    "ok": "Succeeded",
}
_KINDS: Final = ("function", "rest", "auth", "storage", "realtime", "provider")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NAMES: Final = (
    *("q", "status", "function", "kind", "method", "caller", "cold", "min_ms", "from"),
    *("to", "replay_of", "fingerprint", "parent", "own", "cursor"),
)


def render(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request as the rows of tables show it."""
    attributes: Mapping[str, Any] = item.get("attributes") or {}
    protocol = attributes.get("network.protocol.name")
    marks = [
        ("cold start", item.get("cold")),
        ("replay", item.get("replay_of")),
        ("WebSocket", protocol == "websocket"),
        (str(attributes.get("edge.console")), "edge.console" in attributes),
    ]
    query = f"?{item['query']}" if item.get("query") else ""
    path = item["path"]
    if item.get("kind") == "function":
        path = path.removeprefix("/functions/v1")
    sub = str(item["sub"])[:8] if item.get("sub") else ""
    return {
        **{name: item.get(name) for name in ("id", "started_at", "status", "duration_ms")},
        "function": item.get("function"),
        "what": f"{item['method']} {path}{query}",
        "error": item.get("error") or item.get("code"),
        "caller": " ".join(filter(None, (item.get("role"), sub))),
        "marks": ", ".join(name for name, is_set in marks if is_set),
    }


@page("/requests", title="Requests", icon="swap_horiz", group="Observe", order=20)
async def requests() -> None:
    """Show the newest requests that match the address."""
    parameters = ui.context.client.request.query_params
    heading("Requests", "What was called, by whom, and what came back")
    filters = Filters("/requests", {name: parameters.get(name, "") for name in _NAMES})
    filters.search("q", "Path, id, error or body")
    filters.select("status", "Status", _STATUS)
    filters.select("function", "Function", await _function_names())
    filters.select("kind", "Service", _KINDS)
    filters.select("method", "Method", _METHODS)
    filters.since()
    filters.text("caller", "Caller: role or user id")
    filters.text("min_ms", "At least ms")
    filters.switch("cold", "Cold starts")
    filters.switch("own", "Reads of the console, polls")
    source = Source("/requests", "Requests", _explain, render, stream="/requests/stream")
    found = LiveList(filters, COLUMNS, source)
    await found.build()
    with found:
        replay = ui.button("Replay all …", icon="replay")
        replay.props("flat dense no-caps size=sm")
        replay.on_click(lambda: ask_bulk("replay", "Replay all that match?", filters.query))


def _explain() -> None:
    empty("No request yet", "Call a function; it appears here at once.", "edge functions list")


async def _function_names() -> list[str]:
    try:
        return [function["slug"] for function in rows_of(await api().get("/functions"))]
    except ApiError:
        return []
