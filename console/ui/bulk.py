"""Actions on all rows that match a filter: progress, and a way to abort."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console.api import ApiError, api
from console.ui.dialogs import confirm

_POLL_SECONDS: Final = 0.3
_RUNNING: Final = ("running", "queued", "pending", "aborting")


async def ask_bulk(action: str, title: str, query: Mapping[str, str]) -> None:
    """Ask, then do `action` to all that match `query`; an empty filter is refused."""
    if not query:
        ui.notify("Set a filter first: this is not done to everything at once.")
        return
    shown = ", ".join(f"{name} = {value}" for name, value in query.items())
    if await confirm(title, f"Everything that matches {shown}", action.capitalize()):
        await run_bulk({"action": action, "filter": dict(query)})


async def run_bulk(body: Mapping[str, Any]) -> None:
    """Start a bulk action; show its progress, and a button that aborts it."""
    try:
        bulk = await api().post("/bulk", body)
    except ApiError as exc:
        ui.notify(f"{exc.message} {exc.hint}", type="negative")
        return
    _Progress(f"/bulk/{bulk['id']}").open()


class _Progress:
    def __init__(self, path: str) -> None:
        self.path = path

    def open(self) -> None:
        with ui.dialog(value=True).props("persistent") as dialog, ui.card().classes("question"):
            with ui.element("h2"):
                ui.label("In progress")
            self.bar = ui.linear_progress(0, show_value=False).props('aria-label="Progress"')
            self.text = ui.label("Starting …").props("aria-live=polite")
            with ui.element("div").classes("row-wrap question-acts"):
                self.abort = ui.button("Abort", on_click=self._abort).props("flat no-caps")
                self.close = ui.button("Close", on_click=dialog.close).props("no-caps unelevated")
        self.close.set_visibility(False)
        with dialog:
            self.timer = ui.timer(_POLL_SECONDS, self._follow)

    async def _abort(self) -> None:
        self.abort.disable()
        try:
            await api().delete(self.path)
        except ApiError as exc:
            ui.notify(exc.message, type="negative")

    async def _follow(self) -> None:
        try:
            now: Mapping[str, Any] = await api().get(self.path)
        except ApiError as exc:
            self._finish(exc.message)
            return
        self.bar.set_value(now["done"] / max(now["total"], 1))
        text = f"{now['done']} of {now['total']}, {now['failed']} failed: {now['state']}"
        if now["state"] in _RUNNING:
            self.text.set_text(text)
        else:
            self._finish(text)

    def _finish(self, text: str) -> None:
        self.text.set_text(text)
        self.timer.deactivate()
        self.abort.set_visibility(False)
        self.close.set_visibility(True)
