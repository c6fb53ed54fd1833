"""Reads a deck from a file: a presentation, a Markdown outline or JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic_core import from_json

from shared.errors import BadInputError, UnsupportedMediaError
from shared.http.json import find_unstorable
from shared.talk_tracks.slides import check_slides, read_slides

from .google_slides import is_google_slide, read_google_slide
from .outline import read_outline
from .presentation import read_presentation

_PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_MARKDOWN: Final = ("text/markdown", "text/x-markdown", "text/plain")
_GENERIC: Final = "application/octet-stream"
_WRAPPERS: Final = ("deck", "presentation", "data", "document")
_LISTS: Final = ("slides", "pages", "cards", "folien", "diapositives", "diapositivas")
_MOST_TEXT: Final = 5 << 20


@dataclass(frozen=True, slots=True)
class DeckFile:
    """A deck that can have a talk track: its title and its slides as deck_structures has them."""

    title: str
    slides: list[dict[str, Any]]


def read_deck(content: bytes, content_type: str) -> DeckFile:
    """Read a deck. Raises BadInputError, also where no talk track could be written for it."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == _PPTX or (media_type == _GENERIC and content.startswith(b"PK\x03\x04")):
        title, entries = read_presentation(content)
    elif media_type == "application/json":
        title, entries = _read_json(content)
    elif media_type in (*_MARKDOWN, _GENERIC):
        title, entries = read_outline(_decode(content))
    else:
        raise UnsupportedMediaError(
            f"The body must be .pptx ({_PPTX}), text/markdown or application/json, not"
            f" {media_type[:80] or 'missing'}."
        )
    texts = read_slides(entries[:1000])
    check_slides(texts)
    slides = [
        {
            "slideNumber": text.number,
            "title": text.title,
            "description": text.description,
            "section": text.section,
        }
        for text in texts
    ]
    return DeckFile(" ".join(title.split())[:300], slides)


def _decode(content: bytes) -> str:
    if len(content) > _MOST_TEXT:
        raise BadInputError(
            f"The outline is larger than {_MOST_TEXT >> 20} MB: it is no outline of a deck.",
            code="DECK_TOO_LARGE",
        )
    try:
        return content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as exc:
        raise BadInputError(
            f"The outline is not valid UTF-8 at byte {exc.start}.", code="INVALID_UTF8"
        ) from None


def _read_json(content: bytes) -> tuple[str, list[Any]]:
    """Read `[slide, …]`, or an object with slides, that may stand under `deck`."""
    try:
        document: Any = from_json(_decode(content))
    except ValueError as exc:
        raise BadInputError(f"The body is not valid JSON: {exc}.", code="INVALID_JSON") from None
    if any(True for _ in find_unstorable(document)):
        raise BadInputError("The deck has text that cannot be stored.", code="INVALID_BODY")
    if isinstance(document, list):
        return "", cast("list[Any]", document)
    found = _as_object(document)
    found = next((inner for n in _WRAPPERS if (inner := _as_object(found.get(n)))), found)
    slides = _find_slides(found)
    if slides is None:
        raise BadInputError(
            "The body has no list of slides: give them as a list, or under slides.",
            code="INVALID_BODY",
        )
    titles = (found.get("title"), _as_object(found.get("metadata")).get("title"), found.get("name"))
    title = next((text for text in titles if isinstance(text, str) and text.strip()), "")
    return title, slides


def _find_slides(deck: Mapping[str, Any]) -> list[Any] | None:
    """Return the slides: a list, an object by number, or the lists of all sections."""
    if (own := _list_slides(deck)) is not None:
        return own
    slides: list[Any] = []
    for section in _as_list(deck.get("sections")) or _as_list(deck.get("chapters")):
        fields = _as_object(section)
        for slide in _list_slides(fields) or []:
            given = _as_object(slide)
            slides.append({"section": fields.get("title", ""), **given} if given else slide)
    return slides or None


def _list_slides(fields: Mapping[str, Any]) -> list[Any] | None:
    for name in _LISTS:
        given = fields.get(name)
        numbered = _as_object(given)
        if numbered and all(len(key) < 7 and key.isdecimal() for key in numbered):
            given = [numbered[key] for key in sorted(numbered, key=int)]
        if isinstance(given, list):
            entries = _as_list(cast("object", given))
            return [read_google_slide(e) if is_google_slide(e) else e for e in entries]
    return None


def _as_list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _as_object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
