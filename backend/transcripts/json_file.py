"""JSON files: one document, or one a line."""

import json
from typing import Any, Final

from backend.transcripts.documents import FORMATS, Call, find_calls
from backend.transcripts.fields import normalize_keys
from backend.transcripts.turns import TranscriptError

_MOST_SIGNS: Final = 2_000_000
"""Commas and opening brackets: words with their times have five each."""


def parse_json(text: str) -> list[Call]:
    """Return the calls of a JSON file. Raises TranscriptError."""
    if sum(map(text.count, ",[{")) > _MOST_SIGNS:
        raise TranscriptError("has too many values")
    document = _parse(text)
    if not isinstance(document, str | list | dict):
        raise TranscriptError("must be an object, a list of segments or a text")
    calls = find_calls(normalize_keys(document))
    if not calls:
        known = ", ".join(sorted(name for name in FORMATS if name[0].isupper()))
        raise TranscriptError(
            f"has no transcript with words in a known place. Known are the formats of {known}, chat"
            ' messages {"role", "content"}, and lists like {"segments": [{"speaker", "text"}]}'
        )
    return calls


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        if exc.msg == "Extra data" and exc.pos < len(text):
            return _parse_lines(text, exc)
        raise TranscriptError(f"line {exc.lineno} is not JSON: {exc.msg}") from exc
    except RecursionError as exc:
        raise TranscriptError("is nested too deeply") from exc


def _parse_lines(text: str, error: json.JSONDecodeError) -> list[Any]:
    """Parse one JSON document a line (JSON Lines)."""
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except json.JSONDecodeError as exc:
        raise TranscriptError(f"line {error.lineno} is not JSON: {error.msg}") from exc
