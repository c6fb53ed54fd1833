"""Durations as Go writes them."""

from datetime import timedelta

import pytest

from edge.emulator.auth.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("24h", 86400), ("500ms", 0.5), ("0", 0), ("-1m", -60), ("1.5s", 1.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10", 'time: missing unit in duration "10"'),
        ("a while", 'time: invalid duration "a while"'),
        ("", 'time: invalid duration ""'),
        ("1h 2m", 'time: invalid duration "1h 2m"'),
        ("999999999999h", 'time: invalid duration "999999999999h"'),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="time: ") as wrong:
        parse_duration(text)

    assert str(wrong.value) == message
