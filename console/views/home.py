"""Home: what fails now, how the stack is, and what has just happened."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError, rows_of
from console.layout import heading
from console.ui.live import Live
from console.ui.messages import empty, show_error
from console.ui.parts import facts, figures, panel, size
from console.ui.table import Column, Table
from console.ui.times import time_tag
from console.views.errors import render_group
from console.views.requests import COLUMNS, render

_FAILING: Final = (
    Column("function", "Function", href="/console/functions/{function}"),
    Column("failed", "Failed", href="/console/requests?function={function}&status=error"),
    Column("calls", "Calls", "number"),
)
_ERRORS: Final = (
    Column("text", "Error", href="/console/requests/{sample_id}"),
    Column("function", "Function", href="/console/functions/{function}", optional=True),
    Column("all", "Count", href="/console/requests?fingerprint={fingerprint}"),
    Column("last_at", "Last", "time"),
)
_LAST: Final = 20
_MOST_ERRORS: Final = 8


@page("/", title="Home", icon="home", group="Observe", order=0)
async def home() -> None:
    """Show what fails now, first."""
    heading("Home", "What fails now, and what has just happened")
    try:
        summary: dict[str, Any] = await api().get("/summary")
        errors = rows_of(await api().get("/errors", **{"from": "24h"}))
    except ApiError as exc:
        show_error(exc)
        summary, errors = {}, []
    _show_figures(summary, errors)
    _show_failures(summary, errors)
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


def _show_figures(summary: Mapping[str, Any], errors: list[dict[str, Any]]) -> None:
    failing = summary.get("failing_functions") or []
    workers = summary.get("workers") or []
    database: Mapping[str, Any] = summary.get("database") or {}
    free = (summary.get("disk") or {}).get("free_bytes")
    figures(
        {
            "functions failing": (str(len(failing)), bool(failing)),
            "kinds of errors": (str(len(errors)), bool(errors)),
            "worker processes": (str(len(workers)), False),
            "database": (size(database.get("bytes")), False),
            "WAL": (size(database.get("wal_bytes")), False),
            "free disk": (size(free), free is not None and free < 1 << 30),
        }
    )


def _show_failures(summary: Mapping[str, Any], errors: list[dict[str, Any]]) -> None:
    failing: list[dict[str, Any]] = summary.get("failing_functions") or []
    if not failing and not errors:
        empty("Nothing fails", "Errors of the last 24 hours would be here.")
        return
    with ui.element("div").classes("grid-2"):
        if errors:
            with panel("Errors"):
                rows = [render_group(group) for group in errors[:_MOST_ERRORS]]
                Table(_ERRORS, rows, label="Errors", row_key="fingerprint")
        if failing:
            with panel("Failing functions"):
                rows = [{**f, "failed": f"{f['errors']:,}"} for f in failing]
                Table(_FAILING, rows, label="Failing functions", row_key="function")


def _show_recording(recording: Mapping[str, Any]) -> None:
    if not recording:
        return
    shown: dict[str, Any] = {
        name.replace("_", " ").capitalize(): value
        for name, value in recording.items()
        if name not in {"oldest", "bytes"} and not isinstance(value, (dict, list))
    }
    shown["Size"] = size(recording.get("bytes"))
    retention = recording.get("retention")
    if isinstance(retention, Mapping):
        shown |= {f"Kept: {n.replace('_', ' ')}": v for n, v in retention.items()}
    if oldest := recording.get("oldest"):
        shown["Oldest"] = lambda: time_tag(oldest)
    with panel("What is recorded"):
        facts(shown)
