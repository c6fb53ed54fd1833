"""Schedules: when functions and database jobs run next, how the last run went, run now."""

from typing import Any, Final

from nicegui import ui

from console import api, page
from console.api import ApiError, rows_of
from console.layout import heading
from console.ui.messages import empty
from console.ui.parts import panel
from console.ui.table import Column, Table

_TONES: Final = {"succeeded": "good", "200": "good", "failed": "bad", "running": "warn"}
_COLUMNS: Final = (
    Column("name", "Name"),
    Column("kind", "Kind", optional=True),
    Column("schedule", "Schedule (UTC)", "mono"),
    Column("next_at", "Next", "time"),
    Column("last_at", "Last", "time"),
    Column("last_status", "Result", "status"),
    Column("last_message", "Said", "wrap", optional=True),
    Column("run", "", "action"),
    Column("runs", "", "action"),
)
_RUNS: Final = (
    Column("start_time", "Started", "time"),
    Column("status", "Status", "status", tones=_TONES),
    Column("message", "Said"),
)


@page("/schedules", title="Schedules", icon="schedule", group="Stack", order=20)
async def schedules() -> None:
    """List functions' schedules and pg_cron's jobs."""
    heading("Schedules", "Functions by their schedule, and jobs of pg_cron")
    listed = rows_of(await api().get("/schedules"))
    if not listed:
        empty(
            "Nothing is scheduled",
            'Write schedule = "*/5 * * * *" into a function.toml, or call cron.schedule() by SQL.',
        )
        return
    rows = [_row(each) for each in listed]
    table = Table(_COLUMNS, rows, label="Schedules")
    place = ui.element("div")

    async def refresh() -> None:
        table.set_rows([_row(each) for each in rows_of(await api().get("/schedules"))])

    async def act(key: Any, column: str) -> None:
        if column == "runs":
            await _show_runs(place, str(key))
            return
        try:
            await api().post(f"/schedules/{key}/run")
            ui.notify("Started")
        except ApiError as exc:
            ui.notify(exc.message, type="warning")
        await refresh()

    table.on_act(act)
    ui.timer(5.0, refresh, immediate=False)


def _row(schedule: dict[str, Any]) -> dict[str, Any]:
    is_job = schedule["kind"] == "pg_cron"
    return {**schedule, "run": "Run now", "runs": "Runs" if is_job else ""}


async def _show_runs(place: ui.element, key: str) -> None:
    runs = rows_of(await api().get(f"/schedules/{key}/runs"))
    place.clear()
    with place, panel(f"Runs of {key}"):
        if runs:
            Table(_RUNS, runs, label="Runs")
        else:
            ui.label("It has not run yet.").classes("dim")
