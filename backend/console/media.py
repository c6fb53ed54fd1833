"""The library of pictures, and the workers that draw them."""

from collections.abc import Mapping
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
    Column(
        "health",
        "Health",
        "status",
        tones={"healthy": "good", "unhealthy": "bad", "unknown": "warn"},
    ),
    Column("health_error", "Last error"),
    Column("latency_ms", "Answers in", "duration", optional=True),
    Column("in_flight", "Jobs", "number", optional=True),
    Column("last_seen_at", "Last seen", "time"),
    Column("act", "", "action"),
)


@page("/media", title="Library", icon="photo_library", group="Work", order=50)
async def media() -> None:
    """Show what is in the workspace and in users' libraries, newest first."""
    heading("Library", "Pictures and videos that were drawn here, with the job behind each")
    assets = await select("workspace_assets", order="created_at.desc", limit=_SHOWN)
    saved = await select("user_library", order="created_at.desc", limit=_SHOWN)
    if not (assets or saved):
        empty("No picture yet", "Write a prompt under Media jobs.")
        link("Media jobs", "/console/jobs")
        return
    for title, bucket, key, rows in (
        ("Saved to libraries", "user-library", "storage_path", saved),
        ("In the workspace, kept seven days", "workspace-temp", "temp_storage_path", assets),
    ):
        if not rows:
            continue
        with ui.element("h2"):
            ui.label(title)
        with ui.element("div").classes("row-wrap"):
            for row in rows:
                await _show(row, bucket, row[key])


async def _show(row: Mapping[str, Any], bucket: str, path: str) -> None:
    thumbnail = row["thumbnail_path"]
    url = await sign(bucket, thumbnail or path)
    text = clip(row["original_prompt"], 80) or "No prompt"
    with ui.element("figure").classes("picture panel"):
        if url:
            preview("image/webp" if thumbnail else row["mime_type"], url, text)
        with ui.element("figcaption"):
            if job_id := row.get("job_id"):
                link(text, f"/console/jobs/{job_id}")
            else:
                ui.label(text)


@page("/workers", title="Workers", icon="memory", group="Work", order=60)
async def workers() -> None:
    """List the registered workers, live; one is enabled or disabled here."""
    heading("Workers", "What draws, answers and enhances; jobs go to the healthy ones")
    message = ui.element("div")
    table = Table(_WORKERS, label="Workers")
    enabled: dict[str, bool] = {}

    async def load() -> None:
        rows = await select("workers", order="worker_type,base_url")
        enabled.update({row["id"]: row["enabled"] for row in rows})
        table.set_rows([{**row, "act": "Disable" if row["enabled"] else "Enable"} for row in rows])
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

    with message:
        empty(
            "No worker is registered",
            "edge start runs one; this starts another:",
            "edge worker start sdxl",
        )
    table.on_act(lambda key, _column: change(key))
    await load()
    every(2.0, load)
