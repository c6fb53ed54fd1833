"""Filters of a list: inputs whose values live in the page's address."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui

from console.view import BASE

_PAUSE_MS: Final = 300
_SINCE: Final = {"15m": "15 minutes", "1h": "hour", "24h": "24 hours", "7d": "7 days"}
Change = Callable[[], Awaitable[None]]


class Filters:
    """The query of a list at /console<path>. `values` are the page's parameters as they came in.

    A change writes the address without a reload and awaits `on_change`; the cursor of a page is
    dropped, as it belongs to the rows of before.
    """

    def __init__(self, path: str, values: Mapping[str, str]) -> None:
        self.path = path
        self.values = {name: value for name, value in values.items() if value}
        self.on_change: Change | None = None
        self._row = ui.element("div").classes("filters").props("role=search")

    @property
    def query(self) -> dict[str, str]:
        """The values that are set, without the cursor."""
        return {name: value for name, value in self.values.items() if name != "cursor"}

    def url(self, **changes: str) -> str:
        """Return the address of this list with other values; an empty one leaves a value out."""
        query = {n: v for n, v in {**self.values, **changes}.items() if v}
        return f"{BASE}{self.path}" + (f"?{urlencode(query)}" if query else "")

    def search(self, name: str = "q", label: str = "Search") -> ui.input:
        """Add the field that `/` jumps to."""
        field = self.text(name, label)
        with field.add_slot("prepend"):
            ui.icon("search").props("aria-hidden=true")
        return field.props("data-search").classes("filter-search")

    def text(self, name: str, label: str) -> ui.input:
        """Add a field of text."""
        with self._row:
            field = ui.input(label, value=self.values.get(name, ""))
        field.props(f"dense outlined clearable debounce={_PAUSE_MS}").classes("filter")
        field.on_value_change(lambda event: self.set(name, event.value or ""))
        return field

    def select(
        self, name: str, label: str, options: Mapping[str, str] | Sequence[str]
    ) -> ui.select:
        """Add a choice; `options` are values, or values to labels. None chosen means all."""
        offered = dict(options) if isinstance(options, Mapping) else {o: o for o in options}
        value = self.values.get(name, "")
        if value and value not in offered:
            offered[value] = value
        with self._row:
            field = ui.select({"": "All", **offered}, label=label, value=value)
        field.props("dense outlined options-dense").classes("filter")
        field.on_value_change(lambda event: self.set(name, event.value or ""))
        return field

    def since(self) -> ui.select:
        """Add the choice of how far back; `from` in the address."""
        return self.select("from", "Since", _SINCE)

    def switch(self, name: str, label: str) -> ui.checkbox:
        """Add a yes or no; `true` in the address."""
        with self._row:
            field = ui.checkbox(label, value=self.values.get(name) == "true").props("dense")
        field.on_value_change(lambda event: self.set(name, "true" if event.value else ""))
        return field

    def __enter__(self) -> Any:
        """Add other elements to the row of filters."""
        return self._row.__enter__()

    def __exit__(self, *details: Any) -> None:
        self._row.__exit__(*details)

    async def set(self, name: str, value: str) -> None:
        """Set a value, write the address, and reload the list."""
        if self.values.get(name, "") == value:
            return
        self.values.pop("cursor", None)
        self.values.pop(name, None)
        if value:
            self.values[name] = value
        ui.navigate.history.replace(self.url())
        if self.on_change:
            await self.on_change()
