"""The clock that emulated calls live by, and what is on its agenda."""

import asyncio

import pytest

from edge.emulator.providers.retell.agenda import Agenda
from edge.emulator.providers.retell.clock import Clock


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


async def test_what_is_due_happens_in_the_order_of_its_moments() -> None:
    clock = Clock(rate=1000)
    agenda = Agenda(clock)
    seen: list[str] = []
    done = asyncio.Event()
    now = clock.now_ms()

    agenda.add(now + 3000, done.set)
    agenda.add(now + 2000, lambda: seen.append("second"))
    agenda.add(now + 1000, lambda: seen.append("first"))
    agenda.add(now + 2000, lambda: seen.append("third"))
    await done.wait()

    assert seen == ["first", "second", "third"]


async def test_a_jump_of_the_clock_brings_what_was_far_away() -> None:
    clock = Clock()
    agenda = Agenda(clock)
    done = asyncio.Event()
    agenda.add(clock.now_ms() + 86_400_000, done.set)

    clock.set(now_ms=clock.now_ms() + 90_000_000)
    agenda.reschedule()
    await done.wait()

    assert len(agenda) == 0


async def test_nothing_happens_after_the_end() -> None:
    clock = Clock(rate=1000)
    agenda = Agenda(clock)
    seen: list[int] = []
    agenda.add(clock.now_ms() + 10, lambda: seen.append(1))

    agenda.clear()
    await asyncio.sleep(0)

    assert (len(agenda), seen) == (0, [])
