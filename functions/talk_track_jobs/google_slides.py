"""Reads pages of Google Slides' API: text in shapes and tables, and the speaker's notes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

_TITLES: Final = frozenset({"TITLE", "CENTERED_TITLE"})
_UNSPOKEN: Final = frozenset({"SLIDE_NUMBER", "FOOTER", "HEADER", "DATE_AND_TIME", "SLIDE_IMAGE"})


def is_google_slide(slide: object) -> bool:
    """Whether a slide is a page of Google Slides."""
    return isinstance(_get(slide, "pageElements"), list)


def read_google_slide(slide: object) -> dict[str, Any]:
    """Return title, bullets and notes of a page."""
    titles: list[str] = []
    lines: list[str] = []
    for element in _list(_get(slide, "pageElements")):
        kind = _get(element, "shape", "placeholder", "type")
        if kind in _UNSPOKEN:
            continue
        (titles if kind in _TITLES else lines).extend(_lines(element))
    notes = _list(_get(slide, "slideProperties", "notesPage", "pageElements"))
    said = [line for element in notes for line in _lines(element)]
    return {"title": " ".join(titles), "bullets": lines, "notes": said}


def _lines(element: object) -> Iterator[str]:
    for child in _list(_get(element, "elementGroup", "children"))[:1000]:
        yield from _runs(_get(child, "shape", "text"))
    yield from _runs(_get(element, "shape", "text"))
    for row in _list(_get(element, "table", "tableRows")):
        for cell in _list(_get(row, "tableCells")):
            yield from _runs(_get(cell, "text"))


def _runs(text: object) -> Iterator[str]:
    runs = (_get(each, "textRun", "content") for each in _list(_get(text, "textElements")))
    joined = "".join(run for run in runs if isinstance(run, str))
    yield from (line.strip() for line in joined.splitlines() if line.strip())


def _get(value: object, *path: str) -> object:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = cast("Mapping[str, object]", value).get(name)
    return value


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
