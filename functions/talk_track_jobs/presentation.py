"""Reads the words of a PowerPoint presentation (.pptx): titles, texts, tables, speaker notes."""

import io
from collections.abc import Iterator
from typing import Any, Final

from shared.errors import BadInputError
from shared.http.archive import check_archive

_MAX_UNPACKED: Final = 120 << 20
_DEEPEST: Final = 8


def read_presentation(content: bytes) -> tuple[str, list[dict[str, Any]]]:
    """Return the title and the slides; hidden slides are left out, and numbers stay.

    Raises BadInputError INVALID_PRESENTATION or INVALID_ARCHIVE, TooLargeError DECK_TOO_LARGE.
    """
    from pptx import Presentation  # imported on first use: most requests are about jobs

    check_archive(io.BytesIO(content), max_bytes=_MAX_UNPACKED, code="DECK_TOO_LARGE")
    try:
        presentation: Any = Presentation(io.BytesIO(content))
        slides = [
            _read_slide(slide, number)
            for number, slide in enumerate(presentation.slides, 1)
            if slide.element.get("show") != "0"
        ]
        return str(presentation.core_properties.title or "").strip(), slides
    except Exception as exc:  # whatever a broken file makes the library raise
        raise BadInputError(
            f"The presentation cannot be read ({type(exc).__name__}): save it as .pptx again.",
            code="INVALID_PRESENTATION",
        ) from None


def _read_slide(slide: Any, number: int) -> dict[str, Any]:
    title = slide.shapes.title
    named = title.text_frame.text if title is not None and title.has_text_frame else ""
    shapes = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    texts = [text for shape in _sort(shapes) for text in _read_shape(shape, 0) if text.strip()]
    notes = ""
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text
    return {
        "slideNumber": number,
        "title": _clean(named),
        "bullets": [_clean(text) for text in texts],
        "notes": _clean(notes),
    }


def _sort(shapes: list[Any]) -> list[Any]:
    """From top to bottom, from left to right."""
    return sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))


def _read_shape(shape: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if hasattr(shape, "shapes"):  # a group
        for inner in _sort(list(shape.shapes)):
            yield from _read_shape(inner, depth + 1)
    elif getattr(shape, "has_table", False):
        for row in shape.table.rows:
            yield ", ".join(cell.text for cell in row.cells if cell.text.strip())
    elif shape.has_text_frame and not _is_footer(shape):
        for paragraph in shape.text_frame.paragraphs:
            yield paragraph.text


def _is_footer(shape: Any) -> bool:
    """Return whether it is a placeholder of a date, a footer or a slide number."""
    return shape.is_placeholder and shape.placeholder_format.type in (13, 15, 16)


def _clean(text: str) -> str:
    """Turn line breaks within a paragraph, and tabs, into spaces."""
    return text.replace("\v", " ").replace("\t", " ").strip()
