"""Rows as a file: CSV or JSON."""

import csv
import io
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from nicegui import ui

from console.api import ApiError

Rows = Sequence[Mapping[str, Any]]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def export_buttons(name: str, fetch: Callable[[], Awaitable[Rows]]) -> None:
    """Add buttons that save what `fetch` returns as `name`.csv or .json."""

    async def save(kind: str) -> None:
        try:
            rows = await fetch()
        except ApiError as exc:
            ui.notify(exc.message, type="negative")
            return
        content = to_csv(rows) if kind == "csv" else to_json(rows)
        ui.download.content(content, f"{name}.{kind}")

    with ui.element("div").classes("row-wrap exports"):
        for kind in ("csv", "json"):
            button = ui.button(kind.upper(), icon="download", on_click=partial(save, kind))
            name = f"Save these rows as {kind.upper()}"
            button.props(f'flat dense no-caps size=sm aria-label="{name}"')


def to_csv(rows: Rows) -> bytes:
    """Return CSV with a header; a cell that a spreadsheet would compute is quoted with `'`."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in rows])
    return file.getvalue().encode("utf-8-sig")


def to_json(rows: Rows) -> bytes:
    """Return an indented array."""
    return json.dumps(list(rows), indent=2, ensure_ascii=False, default=str).encode()


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
