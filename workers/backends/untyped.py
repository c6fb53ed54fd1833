"""Parts of parsed JSON, whatever a provider has sent."""

from typing import Any, cast


def table(value: object) -> dict[str, Any]:
    """Return the object, empty if the value is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return the list, empty if the value is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def names(value: object, key: str) -> tuple[str, ...]:
    """Return a member of each object of a list."""
    return tuple(str(table(entry)[key]) for entry in items(value) if key in table(entry))
