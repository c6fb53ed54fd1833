"""Structured sales data given as input, parsed leniently."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A technique or strategy."""

    name: str
    description: str
    examples: tuple[str, ...]
    effectiveness: str


@dataclass(frozen=True, slots=True)
class KnownObjection:
    """An objection and its response."""

    objection: str
    response: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownGuideline:
    """A guideline; `is_do` is False for a don't."""

    is_do: bool
    description: str
    context: str


@dataclass(frozen=True, slots=True)
class SalesDocument:
    """Techniques, strategies, objections and guidelines."""

    techniques: tuple[KnownPoint, ...]
    strategies: tuple[KnownPoint, ...]
    objections: tuple[KnownObjection, ...]
    guidelines: tuple[KnownGuideline, ...]


def parse_sales_document(text: str) -> SalesDocument | None:
    """Parse a JSON object; None if the text is not one."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict):
        return None
    root = _unwrap(cast("dict[str, Any]", loaded))
    return SalesDocument(
        tuple(_read_point(item, "name") for item in _objects(root, "sales_techniques")),
        tuple(_read_point(item, "type") for item in _objects(root, "communication_strategies")),
        tuple(_read_objection(item) for item in _objects(root, "objection_handling")),
        tuple(_read_guideline(item) for item in _objects(root, "voice_agent_guidelines")),
    )


def _unwrap(root: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = root.get("structured_data")
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else root


def _objects(root: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    items: object = root.get(key)
    if not isinstance(items, list):
        return ()
    entries = cast("list[object]", items)
    return [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, Mapping)]


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _texts(item: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value: object = item.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(each for each in cast("list[object]", value) if isinstance(each, str) and each)


def _read_point(item: Mapping[str, Any], name_key: str) -> KnownPoint:
    return KnownPoint(
        _text(item, name_key) or _text(item, "name"),
        _text(item, "description"),
        _texts(item, "examples"),
        str(item.get("effectiveness", "")),
    )


def _read_objection(item: Mapping[str, Any]) -> KnownObjection:
    return KnownObjection(
        _text(item, "objection"), _text(item, "response"), _texts(item, "examples")
    )


def _read_guideline(item: Mapping[str, Any]) -> KnownGuideline:
    kind = _text(item, "type").lower().replace("'", "")
    return KnownGuideline(kind == "do", _text(item, "description"), _text(item, "context"))
