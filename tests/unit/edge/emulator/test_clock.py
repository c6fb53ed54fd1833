"""The simulated clock: real time at first, then set and run at another rate."""

import pytest

from edge.emulator.clock import Clock


class Wall:
    """A wall clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_clock_shows_the_walls_time_at_first() -> None:
    wall = Wall()
    clock = Clock(wall)
    wall.seconds += 2

    assert clock.now_ms() == 1_002_000


def test_a_faster_clock_goes_on_from_where_it_was() -> None:
    wall = Wall()
    clock = Clock(wall)
    wall.seconds += 1
    clock.set(rate=60)
    wall.seconds += 1

    assert clock.now_ms() == 1_001_000 + 60_000
    assert clock.seconds_until(clock.now_ms() + 120_000) == pytest.approx(2)


def test_a_clock_jumps_and_keeps_its_rate() -> None:
    wall = Wall()
    clock = Clock(wall)
    clock.set(rate=10)
    clock.set(now_ms=5_000)
    wall.seconds += 1

    assert clock.now_ms() == 15_000
