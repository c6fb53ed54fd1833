"""A function's page: calls by quarter of an hour."""

from datetime import UTC, datetime
from typing import Any

from console.views.function import gather

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def point(minute: str, calls: int, errors: int = 0) -> dict[str, Any]:
    return {"minute": minute, "calls": calls, "errors": errors}


def test_minutes_are_gathered_and_older_ones_left_out() -> None:
    series = [
        point("2026-01-02T11:59:00Z", 2, 1),
        point("2026-01-02T11:50:00.000000Z", 3),
        point("2026-01-02T11:40:00Z", 5),
        point("2026-01-01T11:59:00Z", 7),
        point("2026-01-02T12:01:00Z", 9),
    ]

    found = gather(series, NOW)

    assert len(found) == 96
    assert found[-1] == (5, 1)
    assert found[-2] == (5, 0)
    assert sum(calls for calls, _ in found) == 10
