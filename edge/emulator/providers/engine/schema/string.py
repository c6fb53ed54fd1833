"""Strings fitted to format, pattern and length."""

import re
import uuid
from datetime import date, datetime
from typing import cast

from edge.emulator.providers.engine.schema.document import Node
from edge.emulator.providers.engine.schema.draft import Suggester
from edge.emulator.providers.engine.schema.pattern import match_pattern

_FORMATS = {
    "date": (r"\b\d{4}-\d{2}-\d{2}\b", "1970-01-01"),
    "date-time": (
        r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})",
        "1970-01-01T00:00:00Z",
    ),
    "time": (r"\b[01]\d:[0-5]\d:[0-5]\dZ", "00:00:00Z"),
    "duration": (r"\bP(?:\d+[YMWD])+\b", "PT0S"),
    "email": (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", "unknown@example.com"),
    "hostname": (r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\b", "example.com"),
    "ipv4": (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "0.0.0.0"),  # noqa: S104 - a value, not a binding
    "ipv6": (r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b", "::"),
    "uri": (r"https?://[^\s\"'<>)\]]+", "https://example.com/"),
}


def fit_string(text: str, node: Node, suggester: Suggester) -> str:
    """Fit the text to the schema, else find or generate a string that is valid."""
    shortest, longest = int(node.get("minLength", 0)), node.get("maxLength")
    if isinstance(node.get("format"), str):
        text = _fit_format(text, node["format"], suggester)
    if isinstance(node.get("pattern"), str):
        return _fit_pattern(text, node["pattern"], (shortest, longest), suggester)
    if len(text) < shortest:
        text = (text + " ").ljust(shortest, ".") if text else "." * shortest
    return _shorten(text, int(longest), shortest) if longest is not None else text


def _shorten(text: str, longest: int, shortest: int = 0) -> str:
    """Cut at a word boundary, unless less than half would be left."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    at_word = cut[: cut.rfind(" ")] if " " in cut else cut
    return at_word if len(at_word) >= max(shortest, longest // 2) else cut


def _fit_format(text: str, name: str, suggester: Suggester) -> str:
    if name == "uuid":
        return _fit_uuid(text)
    if name not in _FORMATS:
        return text
    pattern, fallback = _FORMATS[name]
    candidate = text if re.fullmatch(pattern, text) else suggester.find_pattern(pattern)
    return candidate if candidate and _is_real(candidate, name) else fallback


def _is_real(text: str, name: str) -> bool:
    """False for matches that are not real values, such as 2024-02-31."""
    try:
        if name == "date":
            date.fromisoformat(text)
        elif name == "date-time":
            datetime.fromisoformat(text)
        elif name == "ipv4":
            return all(int(part) < 256 for part in text.split("."))
    except ValueError:
        return False
    return True


def _fit_uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


def _fit_pattern(text: str, pattern: str, lengths: tuple[int, object], suggester: Suggester) -> str:
    shortest = lengths[0]
    longest = int(cast("int", lengths[1])) if lengths[1] is not None else len(text) + shortest + 64
    try:
        found = (text, suggester.find_pattern(pattern), match_pattern(pattern, shortest))
        matching = [each for each in found if each is not None and re.search(pattern, each)]
    except re.error:
        return _shorten(text, longest)
    fitting = [each for each in matching if shortest <= len(each) <= longest]
    return next(iter([*fitting, *matching]), text)
