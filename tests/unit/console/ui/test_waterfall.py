"""Spans in the order of a waterfall, whatever their parents are."""

from typing import Any

from console.ui.waterfall import nest, tone_of


def span(name: str, parent: str | None, start: int = 0) -> dict[str, Any]:
    return {"id": name, "parent": parent, "start_us": start, "end_us": start + 1}


def test_children_follow_their_parents() -> None:
    spans = [span("query", "handler", 5), span("handler", "gateway", 2), span("gateway", None)]

    assert [(s["id"], depth) for s, depth in nest(spans)] == [
        ("gateway", 0),
        ("handler", 1),
        ("query", 2),
    ]


def test_no_span_is_lost_without_its_parent_or_in_a_loop() -> None:
    spans = [span("orphan", "gone"), span("a", "b"), span("b", "a"), span("self", "self")]

    assert sorted(s["id"] for s, _ in nest(spans)) == ["a", "b", "orphan", "self"]


def test_a_chain_of_thousands_is_shown() -> None:
    spans = [span(str(n), str(n - 1) if n else None, n) for n in range(5000)]

    assert len(nest(spans)) == 5000


def test_steps_are_coloured_by_what_they_are() -> None:
    assert tone_of("verify_jwt", "internal") == "edge"
    assert tone_of("handler", "internal") == "code"
    assert tone_of("GET /rest/v1/notes", "rest") == "data"
    assert tone_of("POST /v1/chat", "client") == "out"
    assert tone_of("worker start", "internal") == "start"
    assert tone_of("", "") == "other"
