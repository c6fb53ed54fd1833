"""Talk tracks: a deck of one's own becomes a script, with its progress."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from nicegui import events, ui

from backend.console.data import (
    as_user,
    attempt,
    badge,
    every,
    find_users,
    link_rows,
    moment,
    offer_user,
    select,
    select_one,
)
from console import page
from console.api import project
from console.layout import heading
from console.ui.file_button import FileButton
from console.ui.messages import empty
from console.ui.parts import facts, link, panel
from console.ui.table import Column, Table
from console.ui.text import text_block

_TONES: Final = {"completed": "good", "failed": "bad", "processing": "warn", "cancelled": "plain"}
_COLUMNS: Final = (
    Column("title", "Deck", href="/console/tracks/{id}"),
    Column("status", "Status", "status", tones=_TONES),
    Column("done", "Progress"),
    Column("error_message", "Error"),
    Column("created_at", "Begun", "time"),
)
_MEDIA: Final = {
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".json": "application/json",
}
_JOBS: Final = "/functions/v1/talk-track-jobs"
_LARGEST: Final = 30 << 20
_TOO_LARGE: Final = "Decks of up to 30 MB are read here."
_ENDED: Final = ("completed", "failed", "cancelled")


@page("/tracks", title="Talk tracks", icon="record_voice_over", group="Work", order=30)
async def tracks() -> None:
    """List the newest jobs; a deck starts another."""
    with heading("Talk tracks", "Decks, and the scripts that are written for them"):
        link("The page that users see", "/console/talk-tracks")
    message = ui.element("div")
    table = Table(_COLUMNS, label="Talk tracks")

    async def load() -> None:
        columns = (
            "id,status,progress,error_message,created_at,deck_structures(metadata,total_slides)"
        )
        rows = await select("talk_track_jobs", select=columns, order="created_at.desc", limit=100)
        table.set_rows([_render(row) for row in rows])
        table.set_visibility(bool(rows))
        message.set_visibility(not rows)

    with message:
        empty("No talk track yet", "Choose a deck below: .pptx, a Markdown outline or JSON.")
    await load()
    every(1.5, load)
    await _add_form()


def _render(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "title": _title(row["deck_structures"]), "done": f"{row['progress']} %"}


def _title(deck: Mapping[str, Any] | None) -> str:
    if deck is None:
        return "A deck that is gone"
    return deck["metadata"].get("title") or f"{deck['total_slides']} slides"


async def _add_form() -> None:
    users = await find_users()
    with panel("A talk track of your deck"):
        if not users:
            offer_user("Decks belong to a user, and there is none yet.")
            return
        user = ui.select(users, label="For", value=next(iter(users))).props("dense outlined")

        async def take(event: events.UploadEventArguments) -> None:
            content, name = await event.file.read(), PurePath(event.file.name)
            await attempt(lambda: _begin(user.value, name, content))

        FileButton(
            "Choose a deck: .pptx, Markdown or JSON, up to 30 MB",
            take,
            lambda: ui.notify(_TOO_LARGE, type="negative"),
            most=_LARGEST,
            accept=".pptx,.md,.markdown,.txt,.json",
        )


async def _begin(user_id: str, name: PurePath, content: bytes) -> None:
    """Store the deck, then begin the job."""
    headers = await as_user(user_id)
    kind = {"content-type": _MEDIA.get(name.suffix.lower(), "text/markdown")}
    deck = await project().request(
        "POST",
        f"{_JOBS}/decks",
        query={"fallback": name.stem},
        content=content,
        headers={**headers, **kind},
    )
    body = {"projectId": deck["projectId"], "deckStructureId": deck["deckStructureId"]}
    made = await project().request("POST", _JOBS, body=body, headers=headers)
    ui.navigate.to(f"/tracks/{made['jobId']}")


@page("/tracks/{job_id}", title="Talk track")
async def track(job_id: str) -> None:
    """Follow a job to its script."""
    columns = "*,deck_structures(metadata,total_slides)"
    row = await select_one("talk_track_jobs", select=columns, id=f"eq.{job_id}")
    if row is None:
        heading("Talk track")
        empty("There is no such talk track", "It may have been deleted.")
        return
    with heading(_title(row["deck_structures"]), "Talk track"):
        cancel = ui.button("Cancel", icon="stop").props("no-caps flat dense")
        retry = ui.button("Retry", icon="replay").props("no-caps unelevated dense")
    state = ui.element("div").classes("stack").props("aria-live=polite")
    bar = ui.linear_progress(0, show_value=False).props('aria-label="Progress"')
    script = ui.element("div").classes("stack")
    shown: list[str] = []

    async def load() -> None:
        now = await select_one("talk_track_jobs", id=f"eq.{job_id}")
        if now is None or shown == [f"{now['status']} {now['progress']}"]:
            return
        shown[:] = [f"{now['status']} {now['progress']}"]
        cancel.set_visibility(now["status"] not in _ENDED)
        retry.set_visibility(now["status"] in {"failed", "cancelled"})
        bar.set_value(now["progress"] / 100)
        state.clear()
        with state:
            _show_state(now)
        if now["talk_track_id"]:
            await _show_script(script, now["talk_track_id"])

    async def act(action: str) -> None:
        headers = await as_user(row["user_id"])
        await project().request("POST", f"{_JOBS}/{job_id}/{action}", headers=headers)

    cancel.on_click(lambda: attempt(lambda: act("cancel"), "Cancelled."))
    retry.on_click(lambda: attempt(lambda: act("retry"), "Begun again."))
    await load()
    every(0.7, load)


def _show_state(row: Mapping[str, Any]) -> None:
    badge(row["status"], _TONES)
    if row["error_message"]:
        ui.label(row["error_message"])
    facts(
        {
            "Progress": f"{row['progress']} %",
            "Parts": f"{row['current_chunk']} of {row['total_chunks']}",
            "Begun": moment(row["started_at"]),
            "Completed": moment(row["completed_at"]),
        }
    )


async def _show_script(box: ui.element, track_id: str) -> None:
    found = await select_one("talk_tracks", id=f"eq.{track_id}")
    box.clear()
    if found:
        with box, panel("Script"):
            text_block(found["content"], "Script")
            link_rows(("talk_tracks",), "id", track_id)
