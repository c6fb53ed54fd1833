"""The line rate: fixed windows on the wall clock, which may be set back. Time is passed in."""

import pytest

from edge.logs.rate_limit import LineRate, RateLimiter

RATE = LineRate(lines=2, seconds=10)


@pytest.mark.parametrize("later", [110.0, 50.0])
def test_a_new_window_opens_also_when_the_clock_was_set_back(later: float) -> None:
    limiter = RateLimiter(RATE)
    for _ in range(3):
        limiter.admit("f", 100.0)

    assert limiter.admit("f", later)
    assert limiter.collect(later) == {"f": 1}
