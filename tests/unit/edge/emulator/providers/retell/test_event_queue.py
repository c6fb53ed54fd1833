"""Events run at their simulated time, also if the clock jumps."""

import asyncio

from edge.emulator.clock import Clock
from edge.emulator.providers.retell.event_queue import EventQueue


async def test_what_is_due_happens_in_the_order_of_its_moments() -> None:
    clock = Clock(rate=1000)
    event_queue = EventQueue(clock)
    seen: list[str] = []
    done = asyncio.Event()
    now = clock.now_ms()

    event_queue.add(now + 3000, done.set)
    event_queue.add(now + 2000, lambda: seen.append("second"))
    event_queue.add(now + 1000, lambda: seen.append("first"))
    event_queue.add(now + 2000, lambda: seen.append("third"))
    await done.wait()

    assert seen == ["first", "second", "third"]


async def test_a_jump_of_the_clock_brings_what_was_far_away() -> None:
    clock = Clock()
    event_queue = EventQueue(clock)
    done = asyncio.Event()
    event_queue.add(clock.now_ms() + 86_400_000, done.set)

    clock.set(now_ms=clock.now_ms() + 90_000_000)
    event_queue.reschedule()
    await done.wait()

    assert len(event_queue) == 0


async def test_nothing_happens_after_the_end() -> None:
    clock = Clock(rate=1000)
    event_queue = EventQueue(clock)
    seen: list[int] = []
    event_queue.add(clock.now_ms() + 10, lambda: seen.append(1))

    event_queue.clear()
    await asyncio.sleep(0)

    assert (len(event_queue), seen) == (0, [])
