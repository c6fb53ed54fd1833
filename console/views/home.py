"""Home: what fails now, how the stack is, and what has just happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError, rows_of
from console.layout import heading
from console.registry import Failing, find_failing
from console.ui.live import Live
from console.ui.messages import empty, show_error
from console.ui.parts import facts, figures, link, panel, size
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
    Column("text", "Error", "wrap", href="/console/requests/{sample_id}"),
    Column("function", "Function", href="/console/functions/{function}", optional=True),
    Column("all", "Count", href="/console/requests?fingerprint={fingerprint}"),
    Column("last_at", "Last", "time"),
)
_REQUESTS: Final = [column for column in COLUMNS if column.name != "marks"]
_RECORDED: Final = {
    "stored": "Stored since the start",
    "dropped": "Left out, there were too many",
    "repeats": "Left out, polls like the one before",
}
_RETENTION: Final = {
    "days": "Days kept",
    "failed_days": "Days kept of what failed",
    "max_mb": "MB kept at most",
    "body_kb": "KB kept of a body",
    "per_second": "Recorded a second at most",
}
_LAST: Final = 20
_REFRESH_SECONDS: Final = 5.0
_MOST_ERRORS: Final = 8


@dataclass(slots=True)
class _Seen:
    summary: dict[str, Any] = field(default_factory=dict[str, Any])
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    failing: list[Failing] = field(default_factory=list[Failing])
    """In the project, by what its pages watch."""

    @property
    def what_fails(self) -> tuple[Any, ...]:
        """Return what the page's upper part is drawn anew for."""
        workers = len(self.summary.get("workers") or ())
        functions = self.summary.get("failing_functions")
        return bool(self.summary), functions, self.errors, self.failing, workers


@page("/", title="Home", icon="home", group="Observe", order=0)
async def home() -> None:
    """Show what fails now, first."""
    heading("Home", "What fails now, and what has just happened")
    place = ui.element("div").classes("stack")
    seen = _Seen()

    async def load() -> None:
        try:
            summary: dict[str, Any] = await api().get("/summary")
            errors = rows_of(await api().get("/errors", **{"from": "24h"}))
        except ApiError as exc:
            if not seen.summary:
                with place:
                    show_error(exc)
            return
        found = _Seen(summary, errors, await find_failing())
        if found.what_fails != seen.what_fails:
            place.clear()
            with place:
                _show_figures(summary, errors)
                _show_deploy(summary.get("last_deploy"))
                _show_failures(found)
        seen.summary, seen.errors, seen.failing = summary, errors, found.failing

    await load()
    ui.timer(_REFRESH_SECONDS, load, immediate=False)
    with ui.element("div").classes("heading"):
        with ui.element("h2"):
            ui.label("Last requests")
        acts = ui.element("div")
    answer = await api().get("/requests", limit=_LAST)
    with ui.element("div").classes("list-message"):
        empty("No request yet", "Call a function; it appears here at once:", "edge functions list")
    table = Table(_REQUESTS, [render(r) for r in answer["data"]], label="Last requests", most=_LAST)
    with acts:
        Live(
            table,
            "/requests/stream",
            lambda: {"limit": str(_LAST)},
            backlog="/requests",
            render=render,
        )
    show_recording(seen.summary.get("recording") or {})


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


def _show_deploy(at: str | None) -> None:
    if at:
        with ui.element("div").classes("row-wrap dim"):
            ui.label("Last deployed")
            time_tag(at)


def _show_failures(seen: _Seen) -> None:
    failing: list[dict[str, Any]] = seen.summary.get("failing_functions") or []
    errors = seen.errors
    if not failing and not errors and not seen.failing:
        empty("Nothing fails", "Errors of the last 24 hours would be here.")
        return
    with ui.element("div").classes("grid-2"):
        if seen.failing:
            with panel("Needs somebody"):
                for each in seen.failing:
                    link(each.text, each.url)
        if errors:
            with panel("Errors"):
                rows = [render_group(group) for group in errors[:_MOST_ERRORS]]
                Table(_ERRORS, rows, label="Errors", row_key="fingerprint")
        if failing:
            with panel("Failing functions"):
                rows = [{**f, "failed": f"{f['errors']:,}"} for f in failing]
                Table(_FAILING, rows, label="Failing functions", row_key="function")


def show_recording(recording: Mapping[str, Any]) -> None:
    """Show what is kept of requests, for how long, and how much there is."""
    if not recording:
        return
    retention: Mapping[str, Any] = recording.get("retention") or {}
    shown: dict[str, Any] = {
        **{label: recording.get(name) for name, label in _RECORDED.items()},
        "Size": size(recording.get("bytes")),
        **{label: retention.get(name) for name, label in _RETENTION.items()},
    }
    if oldest := recording.get("oldest"):
        shown["Oldest"] = lambda: time_tag(oldest)
    with panel("What is recorded"):
        facts(shown)
