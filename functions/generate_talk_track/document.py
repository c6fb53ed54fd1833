"""Renders the finished talk track: all chunks as one document, with slide durations."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .deck import Deck
from .prompt import PROMPT
from .script import Script, SpokenSlide


def render_talk_track(deck: Deck, scripts: Mapping[int, Script]) -> dict[str, Any]:
    """Render the columns content, slide_timings, total_duration, metadata of talk_tracks."""
    spoken = [slide for index in sorted(scripts) for slide in scripts[index].slides]
    total = sum(slide.duration for slide in spoken)
    titles = {slide.number: slide.title for slide in deck.slides}
    return {
        "content": _render_content(titles, spoken, total),
        "slide_timings": {
            "totalDuration": total,
            "slides": [{"slideNumber": s.number, "duration": s.duration} for s in spoken],
        },
        "total_duration": total,
        "metadata": {"title": deck.title, "prompt_version": PROMPT.version, **_count(scripts)},
    }


def _count(scripts: Mapping[int, Script]) -> dict[str, Any]:
    chunks = [scripts[index].metadata for index in sorted(scripts)]
    return {
        "models": sorted({str(chunk.get("model")) for chunk in chunks}),
        "tokens": {
            kind: sum(chunk.get("tokens", {}).get(kind, 0) for chunk in chunks)
            for kind in ("input", "output")
        },
    }


def _render_content(titles: Mapping[int, str], spoken: Iterable[SpokenSlide], total: int) -> str:
    head = f"# Talk Track Script\n\n**Total duration:** {_minutes(total)}\n"
    return "\n---\n\n".join([head, *_render_slides(titles, spoken)])


def _render_slides(titles: Mapping[int, str], spoken: Iterable[SpokenSlide]) -> Iterator[str]:
    for slide in spoken:
        notes = f"\n**Delivery notes:** {slide.notes}\n" if slide.notes else ""
        title = f": {titles[slide.number]}" if titles[slide.number] else ""
        yield (
            f"## Slide {slide.number}{title}\n\n"
            f"**Duration:** {slide.duration} seconds\n\n{slide.script}\n{notes}"
        )


def _minutes(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
