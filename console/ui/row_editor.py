"""A dialog with one row's values: look, change, delete."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from console.api import ApiError, api
from console.ui.dialogs import confirm
from console.ui.text import text_block

_LONG: Final = 80


async def edit_row(
    table: Mapping[str, Any],
    path: str,
    values: Mapping[str, Any],
    key: Mapping[str, Any] | None,
    kept: Sequence[str],
) -> bool:
    """Open the dialog; return whether something was changed.

    Without a `key` the row is only shown, with an empty one it is new. `kept` columns were cut.
    """
    with ui.dialog() as dialog, ui.card().classes("editor"):
        editor = _Editor(table, path, values, key, kept)
        editor.build(dialog)
    changed = await dialog
    dialog.delete()
    return bool(changed)


class _Editor:
    def __init__(
        self,
        table: Mapping[str, Any],
        path: str,
        values: Mapping[str, Any],
        key: Mapping[str, Any] | None,
        kept: Sequence[str],
    ) -> None:
        self._table = table
        self._path = path
        self._values = values
        self._key = key
        self._kept = kept
        self._fields: dict[str, tuple[Any, ui.checkbox]] = {}

    def build(self, dialog: ui.dialog) -> None:
        is_new = self._key == {}
        with ui.element("h2"):
            ui.label("New row" if is_new else f"A row of {self._table['name']}")
        with ui.element("div").classes("editor-fields"):
            for column in self._table["columns"]:
                self._add_field(column)
        self._error = ui.label().classes("status bad")
        self._error.set_visibility(False)
        with ui.element("div").classes("row-wrap question-acts"):
            ui.button("Close", on_click=lambda: dialog.submit(False)).props("flat no-caps")
            if self._key:
                remove = ui.button("Delete", on_click=lambda: self._delete(dialog))
                remove.props("flat no-caps color=negative")
            if self._key is not None:
                save = ui.button("Add" if is_new else "Save", on_click=lambda: self._save(dialog))
                save.props("no-caps unelevated")

    def _add_field(self, column: Mapping[str, Any]) -> None:
        name = column["name"]
        value = self._values.get(name)
        fixed = self._key is None or column["generated"] or name in self._kept
        if name in self._kept:
            ui.label(f"{name}: only its beginning is shown; change it by SQL").classes("dim")
            text_block(str(value), name)
            return
        with ui.element("div").classes("editor-field"):
            label = f"{name} · {column['type']}"
            field = self._input(column, label, value)
            field.classes("grow mono").props("dense outlined")
            unset = ui.checkbox(self._unset_label(column), value=value is None).props("dense")
            if fixed:
                field.props("readonly")
                unset.props("disable")
            else:
                field.on_value_change(lambda: unset.set_value(False))
                self._fields[name] = (field, unset)

    def _unset_label(self, column: Mapping[str, Any]) -> str:
        return "Default" if self._key == {} and column["default"] else "NULL"

    def _input(self, column: Mapping[str, Any], label: str, value: Any) -> Any:
        text = "" if value is None else str(value)
        if column["choices"]:
            return ui.select(list(column["choices"]), label=label, value=value)
        if column["type"] == "boolean":
            return ui.select(["true", "false"], label=label, value=value)
        if len(text) > _LONG or "\n" in text or column["type"] in {"json", "jsonb"}:
            return ui.textarea(label, value=text).props("autogrow")
        return ui.input(label, value=text)

    def _given(self) -> dict[str, Any]:
        """Return the values that differ from the row's, or those of a new row."""
        given: dict[str, Any] = {}
        for name, (field, unset) in self._fields.items():
            value = None if unset.value else str(field.value if field.value is not None else "")
            if self._key == {}:
                if value is not None:
                    given[name] = value
            elif value != self._values.get(name):
                given[name] = value
        return given

    async def _save(self, dialog: ui.dialog) -> None:
        given = self._given()
        if self._key and not given:
            dialog.submit(False)
            return
        body: dict[str, Any] = {"values": given}
        if self._key:
            body |= {"key": self._key, "was": {name: self._values.get(name) for name in given}}
        await self._send("PATCH" if self._key else "POST", body, dialog)

    async def _delete(self, dialog: ui.dialog) -> None:
        text = "It is gone for good, with what refers to it by cascade."
        if await confirm("Delete this row?", text, "Delete", danger=True):
            await self._send("DELETE", {"key": self._key}, dialog)

    async def _send(self, method: str, body: Mapping[str, Any], dialog: ui.dialog) -> None:
        try:
            await api().request(method, self._path, body=body)
        except ApiError as exc:
            self._error.set_text(f"{exc.message} {exc.hint}")
            self._error.set_visibility(True)
            return
        dialog.submit(True)
