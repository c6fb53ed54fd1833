"""The palette: ⌘K or Ctrl-K lists pages, functions and what a typed id may be."""

import re
from collections.abc import Sequence
from typing import Final

from nicegui import ui

from console.api import ApiError, api, rows_of
from console.view import BASE, View, relative

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)
_MOST: Final = 12


def add_palette(views: Sequence[View]) -> None:
    """Add the button and the dialog that it opens.

    console.js presses it at ⌘K, or what a page has marked with data-command-k instead.
    """
    button = ui.button("Search", icon="search").props(
        'flat dense no-caps data-palette aria-label="Search pages, functions and ids"'
    )
    button.classes("palette-button")
    with button:
        ui.label("⌘K").classes("key only-wide").props("aria-hidden=true")
    entries = [(view.title, view.url, view.icon) for view in views if view.group]
    opened = False

    async def open_palette() -> None:
        nonlocal opened
        if not opened:  # made at the first press: most pages are left without it
            opened = True
            entries.extend(await _list_functions())
            _build(dialog, entries)
        dialog.open()

    dialog = ui.dialog().props('position=top aria-label="Search"')
    button.on("click", open_palette)


def _build(dialog: ui.dialog, entries: Sequence[tuple[str, str, str]]) -> None:
    with dialog, ui.card().classes("palette"):
        field = ui.input(placeholder="Page, function, request id or text").props(
            'autofocus outlined dense aria-label="Search pages, functions and ids"'
        )
        field.classes("full")
        results = ui.element("div").classes("palette-results").props("data-list")

    def show(text: str) -> None:
        results.clear()
        with results:
            for title, url, icon in find_entries(entries, text):
                with ui.element("a").props(f'href="{url}"').classes("palette-entry"):
                    ui.icon(icon).props("aria-hidden=true")
                    ui.label(title)

    field.on_value_change(lambda event: show(event.value or ""))
    field.on("keydown.enter", lambda: _follow(entries, field.value or ""))
    show("")


def _follow(entries: Sequence[tuple[str, str, str]], text: str) -> None:
    if found := find_entries(entries, text):
        ui.navigate.to(relative(found[0][1]))


def find_entries(entries: Sequence[tuple[str, str, str]], text: str) -> list[tuple[str, str, str]]:
    """Return entries whose title has each word of `text`, then searches for the text itself."""
    from urllib.parse import quote

    words = text.lower().split()
    found = [e for e in entries if all(word in e[0].lower() for word in words)][:_MOST]
    typed = text.strip()
    if _ID.fullmatch(typed):
        found.insert(0, (f"Request {typed}", f"{BASE}/requests/{typed}", "open_in_new"))
    elif typed:
        query = quote(typed)
        found.append((f"Requests with “{typed}”", f"{BASE}/requests?q={query}", "manage_search"))
        found.append((f"Logs with “{typed}”", f"{BASE}/logs?q={query}", "manage_search"))
    return found


async def _list_functions() -> list[tuple[str, str, str]]:
    try:
        functions = rows_of(await api().get("/functions"))
    except ApiError:
        return []
    return [(f["slug"], f"{BASE}/functions/{f['slug']}", "bolt") for f in functions]
