"""The menu that copies a call as code."""

from collections.abc import Callable
from functools import partial
from typing import Final

from nicegui import ui

from console.snippets import Call, as_curl, as_javascript, as_python

_KINDS: Final = {"curl": as_curl, "supabase-py": as_python, "supabase-js": as_javascript}


def copy_as(call: Callable[[], Call]) -> None:
    """Add the menu; `call` returns what is copied."""
    with ui.button("Copy as", icon="content_copy").props("flat no-caps"), ui.menu():
        for name, render in _KINDS.items():
            ui.menu_item(name, partial(_copy, name, render, call))


def _copy(name: str, render: Callable[[Call], str], call: Callable[[], Call]) -> None:
    ui.clipboard.write(render(call()))
    ui.notify(f"Copied as {name}")
