"""Tables: columns by kind, links from a row's values, rows that arrive live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nicegui.element import Element

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
        self._props["columns"] = described
        self._props["rows"] = list(rows)
        self._props["label"] = label
        self._props["rowKey"] = row_key
        self._props["most"] = most
        self._props["live"] = True

    @property
    def rows(self) -> list[Row]:
        """The rows of the page, without those that arrived since."""
        return self._props["rows"]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Replace all rows."""
        self._props["rows"] = list(rows)
        self.update()

    def arrive(self, rows: Sequence[Row]) -> None:
        """Put new rows on top, or under “N new” while somebody reads or has paused."""
        self.run_method("arrive", list(rows))

    def set_live(self, live: bool) -> None:
        """Show rows as they arrive, or hold them back."""
        self._props["live"] = live
        self.update()

    def on_act(self, handle: Callable[[Any, str], Any]) -> None:
        """Call `handle` with a row's key and the column's name when its button is pressed."""
        self.on("act", lambda event: handle(event.args["key"], event.args["column"]))
