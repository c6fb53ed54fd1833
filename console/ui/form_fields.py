"""Fields and files of a multipart form."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import events, ui

from console.ui.file_button import FileButton
from console.ui.parts import size

_MOST_BYTES: Final = 8 << 20


class FormFields:
    """Rows of names with texts, and files that are chosen; `parts` is what /invoke takes."""

    def __init__(self) -> None:
        self._texts: list[tuple[ui.input, ui.input]] = []
        self._files: list[dict[str, Any]] = []
        self.place = ui.element("div").classes("stack")
        with self.place:
            self._rows = ui.element("div").classes("stack")
            self._chosen = ui.element("div").classes("stack").props("aria-live=polite")
            with ui.element("div").classes("row-wrap"):
                add = ui.button("Add a field", icon="add", on_click=lambda: self._add("", ""))
                add.props("flat no-caps")
                self._name = ui.input("Field of the next files", value="file")
                self._name.props("dense outlined").classes("filter-wide mono")
            FileButton(
                "Add files, 8 MB at most", self._take, _refuse, most=_MOST_BYTES, multiple=True
            )
        self._add("", "")

    def fill(self, fields: Sequence[Mapping[str, Any]]) -> None:
        """Take over texts; files are chosen anew."""
        self._rows.clear()
        self._texts.clear()
        for field in fields or [{}]:
            self._add(str(field.get("name", "")), str(field.get("value", "")))

    @property
    def texts(self) -> list[dict[str, str]]:
        """The fields that have a name."""
        pairs = ((name.value or "", value.value or "") for name, value in self._texts)
        return [{"name": name, "value": value} for name, value in pairs if name]

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The fields and the files."""
        return [*self.texts, *self._files]

    def _add(self, name: str, value: str) -> None:
        with self._rows, ui.element("div").classes("row-wrap no-wrap-row"):
            field = ui.input("Field", value=name).props("dense outlined").classes("filter mono")
            text = ui.input("Value", value=value).props("dense outlined").classes("grow mono")
        self._texts.append((field, text))

    async def _take(self, event: events.UploadEventArguments) -> None:
        before = sum(len(each["base64"]) // 4 * 3 for each in self._files)
        if before + event.file.size() > _MOST_BYTES:
            _refuse()
            return
        content = await event.file.read()
        part = {
            "name": self._name.value or "file",
            "filename": event.file.name,
            "content_type": event.file.content_type or "application/octet-stream",
            "base64": base64.b64encode(content).decode(),
        }
        self._files.append(part)
        with self._chosen, ui.element("div").classes("row-wrap") as row:
            ui.label(f"{part['name']}: {part['filename']}, {size(len(content))}").classes("mono")

            def remove() -> None:
                self._files.remove(part)
                row.delete()

            ui.button("Remove", on_click=remove).props("flat dense no-caps size=sm")


def _refuse() -> None:
    text = "Here files have at most 8 MB together. Copy the call as curl for larger ones."
    ui.notify(text, timeout=8000)
