"""Which part of a request is the text to work on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TRANSCRIPT = re.compile(r"<transcript\b[^>]*>(.*)</transcript>", re.DOTALL | re.IGNORECASE)
_STRUCTURED = re.compile(
    r"<structured_data\b[^>]*>(.*)</structured_data>", re.DOTALL | re.IGNORECASE
)
_SLIDES = re.compile(r"<slides\b[^>]*>(.*)</slides>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """The text that quotations are taken from, and the JSON given with it, if any."""

    text: str
    document: str | None = None
    slides: str | None = None


def select_source(user_texts: Sequence[str], instructions: str = "") -> Source:
    """Text in <transcript> tags wins, else the longest user text; other tags stay apart."""
    candidates = [*user_texts, instructions]
    document = _longest(found for text in candidates for found in _STRUCTURED.findall(text))
    slides = _longest(found for text in user_texts for found in _SLIDES.findall(text))
    transcript = _longest(found for text in candidates for found in _TRANSCRIPT.findall(text))
    if transcript is not None:
        return Source(transcript, document, slides)
    untagged = [_STRUCTURED.sub(" ", text) if document else text for text in user_texts]
    return Source(_longest(untagged) or "", document, slides)


def _longest(texts: Iterable[str]) -> str | None:
    return max(texts, key=len, default=None)
