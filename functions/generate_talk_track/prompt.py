"""The prompt for one chunk: its slides, and the context that makes all chunks one talk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.llm.prompt import delimit_json, delimit_text, read_prompt
from shared.llm.structured import StructuredRequest

from .deck import Chunk, Deck, Slide
from .script import TalkTrackChunk

PROMPT = read_prompt(Path(__file__).with_name("prompts") / "talk_track.md")


def build_question(
    deck: Deck, chunk: Chunk, slides: Sequence[Slide], style: str | None
) -> StructuredRequest[TalkTrackChunk]:
    """Build the question for the slides of a chunk that are still missing."""
    before, after = deck.neighbours(chunk)
    parts = [delimit_text("deck", _describe(deck)), delimit_text("outline", _outline(deck))]
    if before:
        parts.append(delimit_text("before", before.title))
    if after:
        parts.append(delimit_text("after", after.title))
    if style:
        parts.append(delimit_text("style", style))
    parts.append(delimit_json("slides", [_render(slide) for slide in slides]))
    return StructuredRequest(PROMPT.text, "\n\n".join(parts), TalkTrackChunk)


def _describe(deck: Deck) -> str:
    audience = f"\nAudience: {deck.audience}" if deck.audience else ""
    return f"Title: {deck.title}{audience}"


def _outline(deck: Deck) -> str:
    lines: list[str] = []
    section = ""
    for slide in deck.slides:
        if slide.section and slide.section != section:
            lines.append(slide.section)
        section = slide.section
        lines.append(f"{slide.number}. {slide.title}")
    return "\n".join(lines)


def _render(slide: Slide) -> dict[str, Any]:
    return {
        "slideNumber": slide.number,
        "title": slide.title,
        "description": slide.description,
        "section": slide.section,
    }
