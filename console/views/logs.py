"""Logs: lines of functions and of the platform, live."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console import page
from console.layout import heading
from console.ui.filters import Filters
from console.ui.live_list import LiveList, Source
from console.ui.messages import empty
from console.ui.table import Column

LOG_COLUMNS: Final = (
    Column("at", "Time", "time"),
    Column("level", "Level", "status", tones={"error": "bad", "warning": "warn"}),
    Column("text", "Text", "lines"),
)
_COLUMNS: Final = (
    Column("at", "Time", "time"),
    Column("level", "Level", "status", tones={"error": "bad", "warning": "warn"}),
    Column("function", "From", optional=True),
    Column("text", "Text", "lines"),
    Column("request", "Request", "mono", href="/console/requests/{request_id}"),
)
_NAMES: Final = ("q", "level", "source", "function", "id", "from", "to", "cursor")
_LEVELS: Final = {"error": "Errors", "warning": "Warnings and errors", "info": "Info and above"}
_SOURCES: Final = (
    *("function", "process", "gateway", "postgres", "cron"),
    *("rest", "auth", "storage", "realtime", "provider"),
)


def render_log(line: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
    """Return a line as the rows of tables show it."""
    request_id = line.get("request_id")
    text = line.get("text") or line.get("event_type") or ""
    key = line.get("id") or f"{line['at']}{number}{text[:80]}"
    return {
        "key": key,
        "at": line["at"],
        "level": line.get("level"),
        "text": text,
        "function": line.get("function") or line.get("source"),
        "request": str(request_id)[:8] if request_id else "",
        "request_id": request_id,
    }


@page("/logs", title="Logs", icon="subject", group="Observe", order=40)
async def logs() -> None:
    """Show the newest lines that match the address."""
    parameters = ui.context.client.request.query_params
    heading("Logs", "What functions and the platform have written")
    filters = Filters("/logs", {name: parameters.get(name, "") for name in _NAMES})
    filters.search("q", "Text")
    filters.select("level", "Level", _LEVELS)
    filters.select("source", "Source", _SOURCES)
    filters.text("function", "Function")
    filters.text("id", "Request or execution id")
    filters.since()
    source = Source(
        "/logs", "Logs", _explain, render_log, row_key="key", stream="/logs/stream", limit=100
    )
    await LiveList(filters, _COLUMNS, source).build()


def _explain() -> None:
    empty("Nothing was written yet", "What functions print is here at once.")
