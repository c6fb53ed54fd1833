"""Small parts of pages: figures, facts, panels, tabs of links."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import ui


def figures(values: Mapping[str, tuple[str, bool]]) -> None:
    """Show large numbers: label to text and whether it is bad news."""
    with ui.element("div").classes("figures"):
        for label, (text, is_bad) in values.items():
            with ui.element("div").classes("figure bad" if is_bad else "figure"):
                ui.label(text).classes("figure-value")
                ui.label(label).classes("figure-label")


def facts(values: Mapping[str, Any]) -> None:
    """Show names and values; a callable adds the value itself."""
    with ui.element("dl").classes("facts"):
        for name, value in values.items():
            with ui.element("dt"):
                ui.label(name)
            with ui.element("dd"):
                if callable(value):
                    value()
                else:
                    ui.label(show(value))


def show(value: Any) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value in (None, "", []) else str(value)


@contextmanager
def panel(title: str = "") -> Generator[ui.element]:
    """Enclose a part of a page in a box with a heading."""
    with ui.element("section").classes("panel") as box:
        if title:
            subheading(title)
        yield box


def subheading(title: str) -> None:
    """Add a heading of the second level."""
    with ui.element("h2"):
        ui.label(title)


def link(text: str, url: str) -> ui.element:
    """Add a link to a page of the console."""
    with ui.element("a") as element:
        ui.label(text)
    element.props["href"] = url
    return element


def pages(older: str | None, newest: str | None) -> None:
    """Add links to older rows, and back to the newest."""
    if not (older or newest):
        return
    with ui.element("nav").classes("row-wrap pages").props('aria-label="Pages"'):
        if newest:
            link("← Newest", newest)
        if older:
            link("Older →", older)


def milliseconds(value: float | None) -> str:
    """Render a duration."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 60_000 else f"{value / 60_000:,.1f} min"


def size(count: float | None) -> str:
    """Render bytes."""
    if count is None:
        return "–"
    units = ("B", "KB", "MB", "GB", "TB")
    power = 0
    while count >= 1000 and power < len(units) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.1f} {units[power]}" if power and count < 10 else f"{count:.0f} {units[power]}"
