"""Turns at a bounded resource."""

import asyncio

import pytest

from edge.emulator.fair_turns import FairTurns, TooManyWaitingError


class Visits:
    """Turns that are held until they are let go; `order` has whose began."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self._holds: dict[str, list[asyncio.Event]] = {}

    def begin(self, caller: str) -> "asyncio.Task[None]":
        return asyncio.create_task(self._visit(caller))

    async def _visit(self, caller: str) -> None:
        async with self.turns.turn(caller):
            self.order.append(caller)
            hold = asyncio.Event()
            self._holds.setdefault(caller, []).append(hold)
            await hold.wait()

    async def end(self, caller: str) -> None:
        self._holds[caller].pop(0).set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_with_many_leaves_a_place_and_waits_in_turn() -> None:
    visits = Visits(FairTurns(size=2, size_each=1, waiting_each=10))
    tasks = [visits.begin("busy") for _ in range(3)]
    await settle()
    assert visits.order == ["busy"]

    tasks += [visits.begin("other"), visits.begin("third")]
    await settle()
    assert visits.order == ["busy", "other"]

    await visits.end("busy")
    assert visits.order == ["busy", "other", "busy"]
    await visits.end("busy")
    assert visits.order == ["busy", "other", "busy", "third"]

    await visits.end("other")
    assert visits.order[-1] == "busy"
    await visits.end("third")
    await visits.end("busy")
    await asyncio.gather(*tasks)


async def test_too_many_of_one_caller_are_refused() -> None:
    visits = Visits(FairTurns(size=1, size_each=1, waiting_each=1))
    tasks = [visits.begin("busy") for _ in range(2)]
    await settle()
    with pytest.raises(TooManyWaitingError):
        async with visits.turns.turn("busy"):
            pass
    other = visits.begin("other")
    for task in (*tasks, other):
        task.cancel()
    await asyncio.gather(*tasks, other, return_exceptions=True)


async def test_a_cancelled_wait_gives_its_place_back() -> None:
    visits = Visits(FairTurns(size=1, size_each=1, waiting_each=5))
    first, second, third = (visits.begin(each) for each in ("a", "b", "c"))
    await settle()
    second.cancel()
    await settle()
    await visits.end("a")
    assert visits.order == ["a", "c"]
    await visits.end("c")
    await asyncio.gather(first, third)
