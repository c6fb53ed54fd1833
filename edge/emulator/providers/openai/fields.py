"""Typed access to OpenAI request bodies; raises OpenAIError for missing or mistyped fields."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from edge.emulator.providers.openai.errors import invalid_type, invalid_value, missing_parameter
from edge.emulator.providers.router import Body

_MOST_ITEMS: Final = 2048
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def require_string(body: Body, name: str) -> str:
    if body.get(name) is None:
        raise missing_parameter(name)
    value = body[name]
    if not isinstance(value, str):
        raise invalid_type(name, "a string", value)
    return value


def optional_count(body: Body, name: str, least: int = 1) -> int | None:
    """Read an optional integer of at least `least`."""
    value: object = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_type(name, "an integer", value)
    if value < least:
        message = (
            f"Invalid '{name}': integer below minimum value. Expected a value >= {least},"
            f" but got {value} instead."
        )
        raise invalid_value(name, message, "integer_below_min_value")
    return value


def optional_object(body: Body, name: str) -> Mapping[str, Any]:
    value: object = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid_type(name, "an object", value)
    return cast("Mapping[str, Any]", value)


def require_items(name: str, value: object) -> Sequence[Mapping[str, Any]]:
    """Read an array of 1 to 2,048 objects."""
    if not isinstance(value, list):
        raise invalid_type(name, "an array of objects", value)
    items = cast("list[object]", value)
    if not items:
        raise invalid_value(
            name,
            f"Invalid '{name}': empty array. Expected an array with minimum length 1, but got an"
            " empty array instead.",
            "empty_array",
        )
    if len(items) > _MOST_ITEMS:
        raise invalid_value(
            name,
            f"Invalid '{name}': array too long. Expected an array with maximum length"
            f" {_MOST_ITEMS}, but got an array with length {len(items)} instead.",
            "array_above_max_length",
        )
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise invalid_type(f"{name}[{index}]", "an object", item)
    return cast("Sequence[Mapping[str, Any]]", items)


def join_content(name: str, content: object) -> str:
    """Return a content string, or the text parts of a content array joined by newlines."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = require_items(name, content)
    return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") in _TEXT_PARTS)
