"""The library of pictures, and the workers that draw them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui

from backend.console.data import attempt, every, select
from backend.console.jobs import sign
from console import page
from console.api import project
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.messages import empty
from console.ui.parts import link
from console.ui.preview import preview
from console.ui.table import Column, Table
from console.ui.text import clip

_SHOWN: Final = 24
_WORKERS: Final = (
    Column("base_url", "Worker", "mono"),
    Column("worker_type", "Type"),
    Column("kind", "Kind", optional=True),
    Column("offers", "Models", optional=True),
    Column(
        "health",
        "Health",
        "status",
        tones={"healthy": "good", "unhealthy": "bad", "unknown": "warn"},
    ),
    Column("health_error", "Last error"),
    Column("latency_ms", "Answers in", "duration", optional=True),
    Column("in_flight", "Jobs", "number", optional=True),
    Column("last_used_at", "Last job", "time", optional=True),
    Column("last_seen_at", "Last seen", "time"),
    Column("act", "", "action"),
)


@dataclass(frozen=True, slots=True)
class _Shelf:
    title: str
    table: str
    bucket: str
    key: str


_SHELVES: Final = (
    _Shelf("Saved to libraries", "user_library", "user-library", "storage_path"),
    _Shelf(
        "In the workspace, kept seven days",
        "workspace_assets",
        "workspace-temp",
        "temp_storage_path",
    ),
)


@page("/media", title="Library", icon="photo_library", group="Work", order=50)
async def media() -> None:
    """Show what is in the workspace and in users' libraries, newest first."""
    heading("Library", "Pictures and videos that were drawn here, with the job behind each")
    place = ui.element("div").classes("stack")
    shown: list[str] = []

    async def load() -> None:
        found = [
            (shelf, await select(shelf.table, order="created_at.desc", limit=_SHOWN))
            for shelf in _SHELVES
        ]
        ids = [row["id"] for _, rows in found for row in rows]
        if ids == shown and ids:
            return
        shown[:] = ids
        place.clear()
        with place:
            if not ids:
                empty("No picture yet", "Write a prompt under Media jobs.")
                link("Media jobs", "/console/jobs")
            for shelf, rows in found:
                await _show_shelf(shelf, rows, load)

    await load()
    every(3.0, load)


async def _show_shelf(
    shelf: _Shelf, rows: list[dict[str, Any]], load: Callable[[], Awaitable[None]]
) -> None:
    if not rows:
        return
    with ui.element("h2"):
        ui.label(shelf.title)
    with ui.element("div").classes("row-wrap"):
        for row in rows:
            await _show(shelf, row, load)


async def _show(shelf: _Shelf, row: Mapping[str, Any], load: Callable[[], Awaitable[None]]) -> None:
    path, thumbnail = row[shelf.key], row["thumbnail_path"]
    whole = await sign(shelf.bucket, path)
    url = await sign(shelf.bucket, thumbnail) if thumbnail else whole
    text = clip(row["original_prompt"], 80) or "No prompt"

    async def remove() -> None:
        if await confirm(
            "Delete this picture?", "Its file and its row.", action="Delete", danger=True
        ):
            await attempt(lambda: _delete(shelf, row))
            await load()

    with ui.element("figure").classes("picture panel"):
        if url:
            preview("image/webp" if thumbnail else row["mime_type"], url, text)
        with ui.element("figcaption"):
            if job_id := row.get("job_id"):
                link(text, f"/console/jobs/{job_id}")
            else:
                ui.label(text)
        with ui.element("div").classes("row-wrap"):
            if whole:
                link("Download", f"{whole}&download=")
            button = ui.button("Delete", on_click=remove)
            button.props("flat dense no-caps size=sm color=negative")


async def _delete(shelf: _Shelf, row: Mapping[str, Any]) -> None:
    """Delete a picture: its files first, so that none is left without a row."""
    if shelf.table == "workspace_assets":
        body = {"item_id": row["id"], "user_id": row["user_id"]}
        await project().post("/functions/v1/delete-workspace-item", body)
        return
    paths = [path for path in (row[shelf.key], row["thumbnail_path"]) if path]
    url = f"/storage/v1/object/{shelf.bucket}"
    await project().request("DELETE", url, body={"prefixes": paths})
    await project().request("DELETE", f"/rest/v1/{shelf.table}", query={"id": f"eq.{row['id']}"})


@page("/workers", title="Workers", icon="memory", group="Work", order=60)
async def workers() -> None:
    """List the registered workers, live; one is enabled or disabled here."""
    with heading("Workers", "What draws, answers and enhances; jobs go to the healthy ones"):
        ask = ui.button("Ask them now", icon="monitor_heart").props("flat no-caps")
        ask.tooltip("As each minute: whether they answer, and how soon")
        link("Try a job", "/console/jobs")
    message = ui.element("div")
    table = Table(_WORKERS, label="Workers")
    enabled: dict[str, bool] = {}

    async def load() -> None:
        rows = await select("workers", order="worker_type,base_url")
        enabled.update({row["id"]: row["enabled"] for row in rows})
        table.set_rows([_render_worker(row) for row in rows])
        table.set_visibility(bool(rows))
        message.set_visibility(not rows)

    async def change(worker_id: str) -> None:
        is_enabled = enabled[worker_id]
        if is_enabled and not await confirm("Give this worker no more jobs?", action="Disable"):
            return
        query, body = {"id": f"eq.{worker_id}"}, {"enabled": not is_enabled}
        path = "/rest/v1/workers"
        await attempt(lambda: project().request("PATCH", path, query=query, body=body))
        await load()

    async def check() -> None:
        found = await project().post("/functions/v1/health-check-workers", {})
        well = sum(each["isHealthy"] for each in found["workers"])
        ui.notify(f"{well} of {len(found['workers'])} are healthy.")
        await load()

    ask.on_click(lambda: attempt(check))
    with message:
        empty(
            "No worker is registered",
            "edge start runs one; this starts another:",
            "edge worker start sdxl",
        )
    table.on_act(lambda key, _column: change(key))
    await load()
    every(2.0, load)


def _render_worker(row: Mapping[str, Any]) -> dict[str, Any]:
    act = "Disable" if row["enabled"] else "Enable"
    return {**row, "act": act, "offers": ", ".join(row["models"])}
