"""Waterfall of a request: where its time went."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui.element import Element

from console.ui.text import clip
from console.view import BASE

_TONES: Final = (
    ("start", ("worker", "cold", "boot")),
    ("edge", ("verify_jwt", "gateway", "server")),
    ("code", ("handler", "background", "stage")),
    ("data", ("rest", "auth", "storage", "realtime", "db", "sql")),
    ("out", ("client", "provider")),
)
"""Colours by the words that a span's name and kind begin with."""


class Waterfall(Element, component="waterfall.js"):
    """Spans of the API as bars, children under their parents."""

    def __init__(self, spans: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        ordered = nest(spans)
        self.props["spans"] = [_describe(span, depth) for span, depth in ordered]
        self.props["total"] = max((span["end_us"] for span, _ in ordered), default=1)


def nest(spans: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Return spans with their depth, each below its parent and by their start; loops are cut."""
    known = {span["id"] for span in spans}
    children: dict[Any, list[Mapping[str, Any]]] = {}
    for span in sorted(spans, key=lambda s: (s["start_us"], -s["end_us"])):
        parent = span.get("parent")
        children.setdefault(parent if parent in known else None, []).append(span)
    placed: list[tuple[Mapping[str, Any], int]] = []
    stack = [(span, 0) for span in reversed(children.get(None, []))]
    seen: set[Any] = set()
    while stack:
        span, depth = stack.pop()
        if span["id"] in seen:
            continue
        seen.add(span["id"])
        placed.append((span, min(depth, 12)))
        stack += [(child, depth + 1) for child in reversed(children.get(span["id"], []))]
    return placed + [(span, 0) for span in spans if span["id"] not in seen]


def tone_of(name: str, kind: str) -> str:
    """Return the colour of a span."""
    for text in (name.lower(), kind.lower()):
        for tone, beginnings in _TONES:
            if text.startswith(beginnings):
                return tone
    return "other"


def _describe(span: Mapping[str, Any], depth: int) -> dict[str, Any]:
    attributes: Mapping[str, Any] = span.get("attributes") or {}
    request_id = attributes.get("edge.request_id")
    status = attributes.get("http.response.status_code")
    failed = (isinstance(status, int) and status >= 400) or bool(attributes.get("error.type"))
    return {
        "id": str(span["id"]),
        "kind": clip(str(span.get("kind", "")), 40),
        "name": clip(str(span.get("name", "")), 160),
        "start_us": span["start_us"],
        "end_us": span["end_us"],
        "depth": depth,
        "tone": tone_of(str(span.get("name", "")), str(span.get("kind", ""))),
        "failed": failed,
        "attributes": {name: clip(str(value), 2000) for name, value in attributes.items()},
        **({"href": f"{BASE}/requests/{request_id}"} if request_id else {}),
    }
