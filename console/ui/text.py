"""Text from outside: shown as text, its control characters visible, cut if it is long."""

import json
import re
from typing import Any, Final

from nicegui import ui

from console.ui.messages import copy_button

CLAMP: Final = 4_000
_MOST_SHOWN: Final = 1_000_000
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DIRECTION: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Remove terminal colours; show other control characters and directional marks as signs."""
    plain = _ANSI.sub("", text.replace("\r\n", "\n"))
    pictured = _CONTROL.sub(lambda found: _picture(found[0]), plain)
    return _DIRECTION.sub(lambda found: f"[U+{ord(found[0]):04X}]", pictured)


def _picture(character: str) -> str:
    return "\u2421" if character == "\x7f" else chr(0x2400 + ord(character))


def clip(text: str, most: int = 600) -> str:
    """Return one line of at most `most` characters, for a cell of a table."""
    cut = text[: most * 2]
    shown = visible(cut).replace("\n", " ⏎ ").replace("\t", " ")
    return shown if len(text) <= most and len(shown) <= most else f"{shown[:most]}…"


def pretty(text: str) -> str:
    """Indent JSON; return other text as it is."""
    if len(text) > _MOST_SHOWN or text[:1] not in "{[":
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def text_block(text: str, label: str, *, copies: bool = True, wrap: bool = True) -> None:
    """Show text in a box; beyond 4,000 characters the rest is shown on request."""
    shown = visible(text[: CLAMP + 1])
    with ui.element("div").classes("text-block"):
        if copies and text:
            copy_button(text[:_MOST_SHOWN], f"Copy {label}").classes("text-copy")
        box = ui.element("pre").classes("text" if wrap else "text no-wrap")
        box.props("tabindex=0 role=region")
        box.props["aria-label"] = label
        with box:
            content = ui.label(shown[:CLAMP] if text else "Empty").classes("text-content")
        if len(text) > CLAMP:
            _add_rest(text, content)


def json_block(value: Any, label: str) -> None:
    """Show a value as indented JSON."""
    text_block(json.dumps(value, indent=2, ensure_ascii=False, default=str), label)


def _add_rest(text: str, content: ui.label) -> None:
    size = f"{len(text):,}"
    note = "" if len(text) <= _MOST_SHOWN else f", the first {_MOST_SHOWN:,} of them"

    def show() -> None:
        content.set_text(visible(text[:_MOST_SHOWN]))
        more.delete()

    more = ui.button(f"Show all {size} characters{note}", on_click=show)
    more.props("flat dense no-caps size=sm")
