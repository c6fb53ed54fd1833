"""Tables: columns by kind, links from a row's values, rows that arrive live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from nicegui import ui
from nicegui.element import Element

from console.ui.text import CLAMP, clip, text_block, visible

_MOST_LONG: Final = 50
_MOST_KEPT: Final = 1_000_000

Kind = Literal[
    "text",
    "wrap",
    "mono",
    "lines",
    "time",
    "duration",
    "bytes",
    "number",
    "status",
    "flag",
    "action",
]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`href` is a pattern such as `/console/requests/{id}`, filled with the row's values, encoded.

    A `status` is coloured and marked by what it says, or by `tones`: value to good, warn, bad,
    plain. `wrap` is text of up to three lines, `lines` opens to its lines. An `action` is a button
    with the value as its label; see `Table.on_act`. `optional` columns are left out on narrow
    screens.
    """

    name: str
    label: str
    kind: Kind = "text"
    href: str = ""
    optional: bool = False
    tones: Mapping[str, str] | None = None

    def describe(self, *, first: bool) -> dict[str, Any]:
        """Return what the browser's part needs."""
        numeric = self.kind in {"duration", "bytes", "number"}
        classes = [
            f"cell-{self.kind}",
            *(["right"] if numeric else []),
            *(["opt"] if self.optional else []),
        ]
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "href": self.href,
            "first": first,
            "classes": " ".join(classes),
            **({"tones": dict(self.tones)} if self.tones else {}),
        }


class Table(Element, component="table.js"):
    """A table of at most some hundred `rows`, identified by `row_key`; `label` names it.

    All text is shown as text. j and k move through the first column that has links.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[Row] = (),
        *,
        label: str,
        row_key: str = "id",
        most: int = 200,
    ) -> None:
        super().__init__()
        self._lines = [column.name for column in columns if column.kind == "lines"]
        self._long: dict[str, str] = {}
        linked = next((column for column in columns if column.href), None)
        described = [column.describe(first=column is linked) for column in columns]
        self.props["columns"] = described
        self.props["label"] = label
        self.props["rowKey"] = row_key
        self.props["rows"] = self._clip(rows)
        self.props["most"] = most
        self.props["live"] = True
        self.on("all", lambda event: self._show_all(event.args))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the page, without those that arrived since."""
        return self.props["rows"]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Replace all rows."""
        self.props["rows"] = self._clip(rows)
        self.update()

    def arrive(self, rows: Sequence[Row]) -> None:
        """Put new rows on top, or under “N new” while the list is read or paused."""
        self.run_method("arrive", self._clip(rows))

    def set_live(self, live: bool) -> None:
        """Show rows as they arrive, or hold them back."""
        self.props["live"] = live
        self.update()

    def on_act(self, handle: Callable[[Any, str], Any]) -> None:
        """Call `handle` with a row's key and the column's name when its button is pressed."""
        self.on("act", lambda event: handle(event.args["key"], event.args["column"]))

    def _clip(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return rows whose texts fit a cell: a line of 10 MB stays on the server."""
        return [{name: self._clip_cell(row, name) for name in row} for row in rows]

    def _clip_cell(self, row: Row, name: str) -> Any:
        value = row[name]
        if not isinstance(value, str):
            return value
        if name not in self._lines:
            return clip(value)
        if len(value) > CLAMP:
            key = str(row[self.props["rowKey"]])
            self._long[key] = value[:_MOST_KEPT]
            if len(self._long) > _MOST_LONG:
                self._long.pop(next(iter(self._long)))
        return visible(value[: CLAMP + 1])[: CLAMP + 1]

    def _show_all(self, key: str) -> None:
        with ui.dialog(value=True) as dialog, ui.card().classes("question wide"):
            text_block(
                self._long.get(str(key), "It is not kept any more: load the page again."), "Text"
            )
            ui.button("Close", on_click=dialog.close).props("flat no-caps")
