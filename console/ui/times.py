"""Times: relative, local or UTC as the reader chose, all of them on hover."""

from nicegui.element import Element


def time_tag(at: str | None, *, exact: bool = False) -> Element:
    """Add the time `at` (ISO 8601); `exact` always shows local time."""
    tag = Element("time")
    if at:
        tag.props["data-at"] = at
        if exact:
            tag.props("data-mode=local")
    return tag
