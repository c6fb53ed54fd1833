"""Messages a second of a topic, from two readings."""

from typing import Any

from console.realtime_rates import Rates, describe_counts


def at(second: int) -> str:
    return f"2026-01-02T10:00:{second:02}+00:00"


def reading(second: int, *counts: int, opened_at: int = 0) -> dict[str, Any]:
    """Return the API's answer with one topic, or none."""
    kinds = ("broadcast", "presence", "postgres_changes")
    messages = dict(zip(kinds, counts, strict=False))
    topic = {"id": "room", "opened_at": at(opened_at), "messages": messages}
    return {"read_at": at(second), "data": [topic] if counts else []}


def test_all_kinds_count_since_the_last_reading() -> None:
    rates = Rates()

    assert rates.update(reading(10, 100)) == {"room": None}
    assert rates.update(reading(13, 102, 3, 1)) == {"room": 2.0}
    assert rates.update(reading(16, 102, 3, 1)) == {"room": 0.0}
    assert rates.update(reading(20, 103, 3, 1)) == {"room": 0.25}
    assert rates.update(reading(20, 109, 3, 1)) == {"room": None}


def test_a_topic_that_was_opened_since_began_with_zeros() -> None:
    rates = Rates()

    assert rates.update(reading(1)) == {}
    assert rates.update(reading(5, 8, opened_at=2)) == {"room": 2.0}
    assert rates.update(reading(9, 12, opened_at=6)) == {"room": 3.0}


def test_a_topic_that_the_last_reading_left_out_has_no_rate_yet() -> None:
    rates = Rates()

    rates.update(reading(5))
    assert rates.update(reading(9, 5000, opened_at=1)) == {"room": None}
    assert rates.update(reading(13, 5004, opened_at=1)) == {"room": 1.0}


def test_kinds_without_messages_are_left_out() -> None:
    counts = {"broadcast": 1200, "presence": 0, "postgres_changes": 1}

    assert describe_counts(counts) == "1,200 broadcast, 1 postgres_changes"
