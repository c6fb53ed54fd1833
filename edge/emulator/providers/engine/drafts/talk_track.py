"""Draft of a talk track: each slide's title and description as a script."""

import json
from collections.abc import Mapping
from typing import Any, cast

from edge.emulator.providers.engine.schema.draft import Draft

SCRIPT_NAMES = frozenset({"slides"})
_WORDS_A_SECOND = 2.5
_SHORTEST = 5


def draft_script(slides: str) -> dict[str, Draft] | None:
    """Draft one entry for each slide; None if the text is not a JSON array."""
    try:
        loaded: object = json.loads(slides)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, list):
        return None
    entries = cast("list[object]", loaded)
    return {
        "slides": [
            _draft_slide(cast("Mapping[str, Any]", each))
            for each in entries
            if isinstance(each, Mapping)
        ]
    }


def _draft_slide(slide: Mapping[str, Any]) -> dict[str, Draft]:
    title, description, section = (
        str(slide.get(name) or "").strip() for name in ("title", "description", "section")
    )
    script = " ".join(_close(part) for part in (title, description) if part)
    return {
        "slideNumber": slide.get("slideNumber"),
        "script": script,
        "duration": max(_SHORTEST, round(len(script.split()) / _WORDS_A_SECOND)),
        "notes": f"Stress “{title}”." + (f" Section: {section}." if section else ""),
    }


def _close(sentence: str) -> str:
    return sentence if sentence[-1] in ".!?…" else f"{sentence}."
