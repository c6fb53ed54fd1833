"""Selection of the source text and the tagged documents of a request."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TRANSCRIPT = re.compile(r"<transcript\b[^>]*>(.*)</transcript>", re.DOTALL | re.IGNORECASE)
_STRUCTURED = re.compile(
    r"<structured_data\b[^>]*>(.*)</structured_data>", re.DOTALL | re.IGNORECASE
)
_SLIDES = re.compile(r"<slides\b[^>]*>(.*)</slides>", re.DOTALL | re.IGNORECASE)
_QUESTION = re.compile(r"<question\b[^>]*>(.*)</question>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """The text to quote from, and what is in <structured_data>, <slides> and <question>, if any."""

    text: str
    document: str | None = None
    slides: str | None = None
    question: str | None = None


def select_source(user_texts: Sequence[str], instructions: str = "") -> Source:
    """Select the text in <transcript> tags, else the longest user text."""
    candidates = [*user_texts, instructions]
    document = _longest(found for text in candidates for found in _STRUCTURED.findall(text))
    slides = _longest(found for text in user_texts for found in _SLIDES.findall(text))
    question = _longest(found for text in user_texts for found in _QUESTION.findall(text))
    transcript = _longest(found for text in candidates for found in _TRANSCRIPT.findall(text))
    if transcript is not None:
        return Source(transcript, document, slides, question)
    untagged = [_STRUCTURED.sub(" ", text) if document else text for text in user_texts]
    return Source(_longest(untagged) or "", document, slides, question)


def _longest(texts: Iterable[str]) -> str | None:
    return max(texts, key=len, default=None)
