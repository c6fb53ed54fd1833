"""The choice of a function's saved requests: its own examples, and those that a person saved."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from nicegui import ui

from console.api import ApiError, api, rows_of
from console.ui.dialogs import confirm

Read = Callable[[], dict[str, Any]]
Fill = Callable[[Mapping[str, Any]], None]


class SavedRequests:
    """`read` returns the request of the form, `fill` puts one into it."""

    def __init__(
        self, slug: str, samples: Sequence[Mapping[str, Any]], read: Read, fill: Fill
    ) -> None:
        self._path = f"/functions/{quote(slug)}/saved"
        self._samples = {sample_name(n, sample): sample for n, sample in enumerate(samples)}
        self._saved: dict[str, Mapping[str, Any]] = {}
        self._read, self._fill = read, fill

    @property
    def first(self) -> Mapping[str, Any] | None:
        """The request that the form begins with."""
        fine = (each for each in self._samples.values() if each.get("as") == "service_role")
        return next(fine, None) or next(iter(self._samples.values()), None)

    def build(self) -> None:
        """Add the choice and its buttons."""
        self._choice = ui.select([], label="Saved requests").classes("filter-wide")
        self._choice.props("dense outlined options-dense").on_value_change(self._choose)
        ui.button("Save …", icon="save", on_click=self._ask).props("flat dense no-caps")
        self._delete = ui.button("Delete", icon="delete", on_click=self._remove)
        self._delete.props("flat dense no-caps").set_visibility(False)
        self._offer()

    async def load(self) -> None:
        """Fetch what was saved."""
        try:
            found = rows_of(await api().get(self._path))
        except ApiError:
            found = []
        self._saved = {each["name"]: each for each in found}
        self._offer()

    def _offer(self) -> None:
        self._choice.set_options(
            [*self._saved, *(n for n in self._samples if n not in self._saved)]
        )
        self._choice.set_visibility(bool(self._saved or self._samples))

    def _choose(self) -> None:
        name = self._choice.value
        self._delete.set_visibility(name in self._saved)
        if request := self._saved.get(name) or self._samples.get(name):
            self._fill(request)

    def _ask(self) -> None:
        with ui.dialog(value=True) as dialog, ui.card().classes("question"):
            with ui.element("h2"):
                ui.label("Save this request")
            name = ui.input("Name", value=self._choice.value or "").props(
                "dense outlined autofocus"
            )
            name.classes("full")

            async def save() -> None:
                if await self._save((name.value or "").strip()):
                    dialog.close()

            with ui.element("div").classes("row-wrap question-acts"):
                ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
                ui.button("Save", on_click=save).props("no-caps unelevated")

    async def _save(self, name: str) -> bool:
        if not name:
            ui.notify("Name it first.")
            return False
        try:
            await api().request("PUT", f"{self._path}/{quote(name, safe='')}", body=self._read())
        except ApiError as exc:
            ui.notify(f"{exc.message} {exc.hint}", type="negative")
            return False
        await self.load()
        self._choice.set_value(name)
        return True

    async def _remove(self) -> None:
        name = self._choice.value
        if not await confirm(f"Delete {name}?", action="Delete", danger=True):
            return
        try:
            await api().delete(f"{self._path}/{quote(name, safe='')}")
        except ApiError as exc:
            ui.notify(exc.message, type="negative")
        self._choice.set_value(None)
        await self.load()


def sample_name(number: int, sample: Mapping[str, Any]) -> str:
    """Return the name of an example."""
    return str(sample.get("name") or f"Request {number + 1}")
