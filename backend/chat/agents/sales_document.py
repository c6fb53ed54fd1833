"""The combined Markdown of a sales analysis: one section a result, each in a fence."""

import json
from collections.abc import Mapping
from typing import Any

SECTIONS = ("analysis", "structured_data", "voice_prompt", "training_data")
_FENCE = "```"


def render_document(results: Mapping[str, Any], sections: tuple[str, ...] = SECTIONS) -> str:
    """Return the sections whose results are there, in order.

    `results` has analysis: Markdown, structured_data: object, voice_prompt: text, training_data:
    {examples: [{input, output}]}.
    """
    rendered = [
        f"## {name.replace('_', ' ').title()}\n{_render(name, results[name])}"
        for name in sections
        if results.get(name)
    ]
    return "\n\n".join(rendered)


def _render(name: str, result: Any) -> str:
    if name == "analysis":
        return _fence(str(result), "markdown")
    if name == "voice_prompt":
        return _fence(str(result))
    wrapped = {"analysis_data": result} if name == "structured_data" else result
    return _fence(json.dumps(wrapped, indent=2, ensure_ascii=False), "json")


def _fence(text: str, language: str = "") -> str:
    """Return the text in a fence that is longer than any in it."""
    fence = _FENCE
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
