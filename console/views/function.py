"""One function: its numbers, its settings, a form that calls it, and its last requests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError
from console.layout import heading
from console.ui.chart import bars
from console.ui.invoke import InvokeForm
from console.ui.messages import empty, show_error
from console.ui.parts import facts, figures, link, milliseconds, panel, size
from console.ui.table import Column, Table
from console.ui.text import text_block
from console.view import BASE
from console.views.requests import COLUMNS, render

_WORKERS: Final = (
    Column("pid", "Process", "mono"),
    Column("state", "State", "status"),
    Column("memory_bytes", "Memory", "bytes"),
)
_LAST: Final = 10
_BARS: Final = 96
_BAR_SECONDS: Final = 900


@page("/functions/{slug}", title="Function", icon="bolt")
async def function(slug: str) -> None:
    """Show a function."""
    try:
        found: dict[str, Any] = await api().get(f"/functions/{slug}")
    except ApiError as exc:
        heading(slug)
        if exc.status != 404:
            raise
        empty(exc.message, "These are there:", "edge functions list")
        link("Functions", f"{BASE}/functions")
        return
    with heading(slug, "The last 24 hours"):
        link("Requests", f"{BASE}/requests?function={slug}")
        link("Errors", f"{BASE}/errors?function={slug}")
        link("Logs", f"{BASE}/logs?function={slug}")
        if found.get("kind") != "typescript":
            reload = ui.button("Reload", icon="refresh", on_click=partial(_reload, slug))
            reload.props("flat dense no-caps").tooltip("Its next request runs in a new worker")
    if fault := found.get("fault"):
        text_block(str(fault), "Why it cannot be loaded")
    _show_figures(found)
    if found.get("kind") == "typescript":
        empty("This function is TypeScript", "It is served elsewhere: edge start --upstream URL")
    else:
        with panel("Call it"):
            await InvokeForm(slug, found.get("samples") or []).build()
    with panel("Last requests"):
        await _show_last(slug)
    with ui.element("div").classes("grid-2"):
        _show_settings(found)
        _show_files(slug, found.get("files") or [])


def _show_figures(found: Mapping[str, Any]) -> None:
    calls, errors, cold = (found.get(name) or 0 for name in ("calls", "errors", "cold"))
    memory = [w["memory_bytes"] for w in found.get("workers") or [] if w.get("memory_bytes")]
    figures(
        {
            "calls": (f"{calls:,}", False),
            "failed (5xx)": (f"{100 * errors / calls:.1f} %" if calls else "–", errors > 0),
            "p50": (milliseconds(found.get("p50_ms")), False),
            "p95": (milliseconds(found.get("p95_ms")), False),
            "cold starts": (f"{cold:,}", False),
            "memory": (size(sum(memory)) if memory else "–", False),
        }
    )
    series = found.get("series") or []
    if series:
        with panel("Calls of the last 24 hours, failed ones in red"):
            points = gather(series, datetime.now(UTC))
            bars([c for c, _ in points], "Calls", bad=[e for _, e in points])


def gather(series: list[dict[str, Any]], now: datetime) -> list[tuple[int, int]]:
    """Return calls and errors by quarter of an hour of the last day; `series` is by minute."""
    calls, errors = [0] * _BARS, [0] * _BARS
    for point in series:
        age = (now - datetime.fromisoformat(point["minute"])).total_seconds()
        number = _BARS - 1 - int(age // _BAR_SECONDS)
        if 0 <= number < _BARS:
            calls[number] += point["calls"]
            errors[number] += point["errors"]
    return list(zip(calls, errors, strict=True))


def _show_settings(found: Mapping[str, Any]) -> None:
    with panel("Settings"):
        settings: Mapping[str, Any] = found.get("settings") or found.get("limits") or {}
        shown = {name.replace("_", " "): value for name, value in settings.items()}
        facts({name: value for name, value in shown.items() if value not in (None, "", "{}")})
        ui.label("Secrets and variables it sees").classes("message-title")
        names = found.get("env_names") or []
        ui.label(", ".join(names) if names else "None of its own.").classes("mono")
        if missing := found.get("missing_secrets"):
            ui.label("Named in its function.toml, but not set").classes("message-title")
            ui.label(", ".join(missing)).classes("mono")
        if workers := found.get("workers"):
            ui.label("Worker processes").classes("message-title")
            rows = [{**w, "memory_bytes": w.get("memory_bytes") or None} for w in workers]
            Table(_WORKERS, rows, label="Workers", row_key="pid")


def _show_files(slug: str, files: list[str]) -> None:
    with panel("Source, read-only"):
        for path in files[:200]:
            with ui.expansion(path).props("dense").classes("mono full") as part:
                part.on_value_change(partial(_load_file, part, slug, path))


async def _reload(slug: str) -> None:
    try:
        await api().post(f"/functions/{slug}/reload")
    except ApiError as exc:
        ui.notify(f"{exc.message} {exc.hint}".strip(), type="negative")
        return
    ui.notify("Reloaded: its next request runs in a new worker.")


async def _load_file(part: ui.expansion, slug: str, path: str) -> None:
    if not part.value or len(part.default_slot.children):
        return
    try:
        content = await api().get(f"/functions/{slug}/files/{path}")
    except ApiError as exc:
        with part:
            show_error(exc)
        return
    text = content if isinstance(content, str) else content.get("content") or content.get("text")
    with part:
        text_block(str(text), path, wrap=False)


async def _show_last(slug: str) -> None:
    answer = await api().get("/requests", function=slug, kind="function", limit=_LAST)
    rows = [render(item) for item in answer["data"]]
    if rows:
        Table(COLUMNS, rows, label="Last requests")
    else:
        empty("It has not been called yet", "Call it above, or:", f"edge functions invoke {slug}")
