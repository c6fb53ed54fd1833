"""Home: what fails now, how the stack is, and what has just happened."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.ui.live import Live
from console.ui.messages import empty, show_error
from console.ui.parts import facts, figures, panel, size
from console.ui.table import Column, Table
from console.ui.times import time_tag
from console.views.errors import render_group
from console.views.requests import COLUMNS, render

_FAILING: Final = (
    Column("slug", "Function", href="/console/functions/{slug}"),
    Column("errors", "Failed", href="/console/requests?function={slug}&status=5xx"),
    Column("calls", "Calls", "number"),
    Column("last_error_at", "Last", "time"),
)
_ERRORS: Final = (
    Column("text", "Error", href="/console/requests/{sample_id}"),
    Column("function", "Function", href="/console/functions/{function}", optional=True),
    Column("all", "Count", href="/console/requests?fingerprint={fingerprint}"),
    Column("last_at", "Last", "time"),
)
_LAST: Final = 20


@page("/", title="Home", icon="home", group="Observe", order=0)
async def home() -> None:
    """Show what fails now, first."""
    heading("Home", "What fails now, and what has just happened")
    try:
        summary: dict[str, Any] = await api().get("/summary")
    except ApiError as exc:
        show_error(exc)
        summary = {}
    _show_figures(summary)
    _show_failures(summary)
    with ui.element("div").classes("heading"):
        with ui.element("h2"):
            ui.label("Last requests")
        acts = ui.element("div")
    answer = await api().get("/requests", limit=_LAST)
    with ui.element("div").classes("list-message"):
        empty("No request yet", "Call a function; it appears here at once:", "edge functions list")
    table = Table(COLUMNS, [render(r) for r in answer["data"]], label="Last requests", most=_LAST)
    with acts:
        Live(
            table,
            "/requests/stream",
            lambda: {"limit": str(_LAST)},
            backlog="/requests",
            render=render,
        )
    _show_recording(summary.get("recording") or {})


def _show_figures(summary: Mapping[str, Any]) -> None:
    failing = summary.get("failing_functions") or []
    errors = summary.get("recent_errors") or []
    workers = summary.get("workers")
    count = len(workers) if isinstance(workers, list) else workers
    database: Mapping[str, Any] = summary.get("database") or {}
    disk = summary.get("disk")
    free = disk.get("free_bytes") or disk.get("free") if isinstance(disk, Mapping) else disk
    figures(
        {
            "functions failing": (str(len(failing)), bool(failing)),
            "kinds of errors": (str(len(errors)), bool(errors)),
            "worker processes": (str(count if isinstance(count, int) else "–"), False),
            "database": (size(database.get("bytes")), False),
            "WAL": (size(database.get("wal_bytes")), False),
            "free disk": (size(free), free is not None and free < 1 << 30),
        }
    )


def _show_failures(summary: Mapping[str, Any]) -> None:
    failing = [f for f in summary.get("failing_functions") or [] if isinstance(f, dict)]
    errors = [e for e in summary.get("recent_errors") or [] if isinstance(e, dict)]
    if not failing and not errors:
        empty("Nothing fails", "Errors of the last 24 hours would be here.")
        return
    with ui.element("div").classes("grid-2"):
        if errors:
            with panel("Errors"):
                rows = [render_group(e) for e in errors if "count" in e]
                Table(_ERRORS, rows, label="Errors", row_key="fingerprint")
        if failing:
            with panel("Failing functions"):
                Table(_FAILING, failing, label="Failing functions", row_key="slug")


def _show_recording(recording: Mapping[str, Any]) -> None:
    if not recording:
        return
    shown: dict[str, Any] = {
        name.replace("_", " ").capitalize(): value
        for name, value in recording.items()
        if name != "oldest" and not isinstance(value, (dict, list))
    }
    retention = recording.get("retention")
    if isinstance(retention, Mapping):
        shown |= {f"Kept: {n.replace('_', ' ')}": v for n, v in retention.items()}
    if oldest := recording.get("oldest"):
        shown["Oldest"] = lambda: time_tag(oldest)
    with panel("What is recorded"):
        facts(shown)
