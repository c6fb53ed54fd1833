"""The frame around every page: header, navigation, palette."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final

from nicegui import ui

from console.palette import add_palette
from console.view import BASE, View

GROUPS: Final = ("Observe", "Work", "Data", "Stack")
"""Order of the navigation's groups; others follow, a project's among them."""


@contextmanager
def frame(view: View, views: Sequence[View]) -> Generator[None]:
    """Enclose a page's content."""
    ui.add_body_html('<a class="skip" href="#content">Skip to the content</a>')
    ui.colors(primary="#0b6e4f", secondary="#3b5b7a", accent="#7a4bb0", dark="#15181c")
    with ui.header(elevated=False).classes("top"):
        toggle = ui.button(icon="menu").props('flat round dense aria-label="Navigation"')
        toggle.classes("only-narrow")
        with ui.element("a").props(f'href="{BASE}/"').classes("brand"):
            ui.label("Edge Functions")
        ui.element("div").classes("grow")
        add_palette(views)
        ui.button(icon="schedule").props(
            'flat dense no-caps data-times aria-label="Times: relative, local or UTC"'
        ).classes("times-button").tooltip("Relative, local or UTC times")
    # With a value of None, NiceGUI asks the browser for it, which fails on a page that was left.
    with ui.left_drawer(value=False, bordered=True).classes("side") as drawer:
        drawer.props("width=216 show-if-above")
        _add_navigation(view, views)
    toggle.on("click", lambda: drawer.run_method("toggle"))
    with ui.element("div").classes("page").props("id=content tabindex=-1"):
        yield


def _add_navigation(current: View, views: Sequence[View]) -> None:
    shown = sorted((v for v in views if v.group), key=lambda v: (_rank(v.group), v.order, v.title))
    with ui.element("nav").props('aria-label="Console"'):
        for group, members in groupby(shown, key=lambda v: v.group):
            ui.label(group).classes("nav-group")
            for view in members:
                link = ui.element("a").props(f'href="{view.url}"').classes("nav-link")
                if view.path == current.path or (
                    view.path != "/" and current.path.startswith(f"{view.path}/")
                ):
                    link.props("aria-current=page")
                with link:
                    ui.icon(view.icon).props("aria-hidden=true")
                    ui.label(view.title)


def _rank(group: str) -> tuple[int, str]:
    return (GROUPS.index(group) if group in GROUPS else len(GROUPS), group)


def heading(title: str, subtitle: str = "") -> ui.element:
    """Add the page's heading; used as a context it takes buttons at its right."""
    with ui.element("div").classes("heading"):
        with ui.element("div"):
            with ui.element("h1"):
                ui.label(title)
            if subtitle:
                ui.label(subtitle).classes("dim")
        return ui.element("div").classes("heading-acts")
