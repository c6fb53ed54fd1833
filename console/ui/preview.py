"""Files shown inside a page."""

from typing import Final

from nicegui import ui

SHOWN_INSIDE: Final = ("image/", "video/", "audio/", "text/plain", "application/json")


def preview(kind: str, url: str, name: str) -> None:
    """Show the file at `url` by its media type, or nothing; `name` is its text for screen readers.

    `ui.image` would look for it below /console.
    """
    if kind.startswith("image/"):
        image = ui.element("img").classes("preview")
        image.props["alt"] = name
        image.props["src"] = url
    elif kind.startswith(("video/", "audio/")):
        player = ui.element(kind.partition("/")[0]).classes("preview").props("controls")
        player.props["aria-label"] = name
        player.props["src"] = url
    elif kind.startswith(SHOWN_INSIDE):
        frame = ui.element("iframe").classes("mail-frame").props('sandbox=""')
        frame.props["title"] = name
        frame.props["src"] = url
