from datetime import UTC, datetime

import pytest

from edge.emulator.scheduler import next_time


@pytest.mark.parametrize(
    ("when", "after", "expected"),
    [
        ("* * * * *", "2026-11-21T10:00:00", "2026-11-21T10:01:00"),
        ("* * * * *", "2026-11-21T10:00:59", "2026-11-21T10:01:00"),
        ("*/15 9-17 * * 1-5", "2026-11-20T17:45:00", "2026-11-23T09:00:00"),
        ("0 0 29 2 *", "2026-11-21T10:00:00", "2028-02-29T00:00:00"),
        ("@hourly", "2026-11-21T10:00:00", "2026-11-21T11:00:00"),
        ("@midnight", "2026-11-21T10:00:00", "2026-11-22T00:00:00"),
        ("30 seconds", "2026-11-21T10:00:31", "2026-11-21T10:01:00"),
        ("1 second", "2026-11-21T10:00:31.5", "2026-11-21T10:00:32"),
    ],
)
def test_the_next_time_is_the_first_after(when: str, after: str, expected: str) -> None:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)

    assert next_time(when, start) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("when", ["often", "61 * * * *", "* * * *", "60 seconds", "0 0 31 2 *"])
def test_what_names_no_time_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match="is no schedule"):
        next_time(when, datetime(2026, 11, 21, tzinfo=UTC))
