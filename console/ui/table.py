"""Tables: columns by kind, links from a row's values, rows that arrive live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui.element import Element

from console.ui.text import clip

Kind = Literal["text", "mono", "time", "duration", "bytes", "number", "status", "flag", "action"]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`href` is a pattern such as `/console/requests/{id}`, filled with the row's values, encoded.

    A `status` is coloured and marked by what it says, or by `tones`: value to good, warn, bad,
    plain. An `action` is a button with the value as its label; see `Table.on_act`. `optional`
    columns are left out on narrow screens.
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
        classes = [self.kind, *(["right"] if numeric else []), *(["opt"] if self.optional else [])]
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
    """A table of at most some hundred `rows`, told apart by `row_key`; `label` names it.

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
        linked = next((column for column in columns if column.href), None)
        described = [column.describe(first=column is linked) for column in columns]
        self.props["columns"] = described
        self.props["rows"] = _clipped(rows)
        self.props["label"] = label
        self.props["rowKey"] = row_key
        self.props["most"] = most
        self.props["live"] = True

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the page, without those that arrived since."""
        return self.props["rows"]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Replace all rows."""
        self.props["rows"] = _clipped(rows)
        self.update()

    def arrive(self, rows: Sequence[Row]) -> None:
        """Put new rows on top, or under “N new” while somebody reads or has paused."""
        self.run_method("arrive", _clipped(rows))

    def set_live(self, live: bool) -> None:
        """Show rows as they arrive, or hold them back."""
        self.props["live"] = live
        self.update()

    def on_act(self, handle: Callable[[Any, str], Any]) -> None:
        """Call `handle` with a row's key and the column's name when its button is pressed."""
        self.on("act", lambda event: handle(event.args["key"], event.args["column"]))


def _clipped(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows whose texts fit a cell: a line of 10 MB stays on the server."""
    return [
        {name: clip(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]
