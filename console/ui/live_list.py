"""A list of the API: filters in the address, keyset pages, rows that arrive, export."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nicegui import ui

from console.api import ApiError, api
from console.ui.export import export_buttons
from console.ui.filters import Filters
from console.ui.live import Live, Render
from console.ui.messages import empty, show_error
from console.ui.parts import pages
from console.ui.table import Column, Table

_MOST_EXPORTED: Final = 5_000
_PAGE_EXPORTED: Final = 500
Explain = Callable[[], None]


def _no_match() -> None:
    empty("Nothing matches", "Remove a filter, or look further back.")


@dataclass(frozen=True, slots=True)
class Source:
    """Rows at `path` of the API; `stream` is the path of their events, if there are any.

    `render` makes a row of the table, identified by `row_key`; `explain` shows what to do
    where there is nothing at all.
    """

    path: str
    label: str
    explain: Explain
    render: Render = dict
    row_key: str = "id"
    stream: str = ""
    limit: int = 50


class LiveList:
    """The rows that match `filters`, newest first; add it after them, then await `build`."""

    def __init__(self, filters: Filters, columns: Sequence[Column], source: Source) -> None:
        self.filters = filters
        self.source = source
        self._live: Live | None = None
        self._acts = ui.element("div").classes("row-wrap list-acts")
        self._message = ui.element("div").classes("list-message")
        self.table = Table(columns, label=source.label, row_key=source.row_key, most=500)
        self._links = ui.element("div")

    async def build(self) -> None:
        """Fetch the rows of the address, and follow those that arrive on the newest page."""
        self.filters.on_change = self.reload
        await self.load()
        with self._acts:
            if self.source.stream and "cursor" not in self.filters.values:
                self._live = Live(
                    self.table,
                    self.source.stream,
                    lambda: self.filters.query,
                    backlog=self.source.path,
                    render=self.source.render,
                )
            export_buttons(self.source.path.strip("/"), self.fetch_all)

    def __enter__(self) -> Any:
        """Add buttons beside those of the list."""
        return self._acts.__enter__()

    def __exit__(self, *details: Any) -> None:
        self._acts.__exit__(*details)

    async def reload(self) -> None:
        """Fetch again, after a filter has changed."""
        await self.load()
        if self._live:
            self._live.restart()

    async def load(self) -> None:
        """Fetch the page of the address."""
        self._message.clear()
        self._links.clear()
        try:
            answer = await api().get(
                self.source.path, **{"limit": self.source.limit, **self.filters.values}
            )
        except ApiError as exc:
            self.table.set_rows([])
            with self._message:
                show_error(exc)
            return
        rows, older = answer["data"], answer.get("next")
        self.table.set_rows([self.source.render(item) for item in rows])
        if not rows:
            with self._message:
                (_no_match if self.filters.query else self.source.explain)()
        newest = self.filters.url(cursor="") if "cursor" in self.filters.values else None
        with self._links:
            pages(self.filters.url(cursor=older) if older else None, newest)

    async def fetch_all(self) -> list[dict[str, Any]]:
        """Return all rows that match, up to 5,000."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while len(rows) < _MOST_EXPORTED:
            query = {**self.filters.query, "limit": _PAGE_EXPORTED, "cursor": cursor}
            answer = await api().get(self.source.path, **query)
            rows += answer["data"]
            if not (cursor := answer.get("next") or ""):
                break
        return rows
