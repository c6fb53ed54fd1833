"""Requests for the same work: one run at a time, and one more for all later requests."""

import asyncio

import pytest

from shared.runtime.coalesced import Coalesced


class Work:
    """Counts its runs, each of which ends when `gate` opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.runs = 0
        self._is_running = False

    async def __call__(self) -> None:
        assert not self._is_running
        self._is_running = True
        self.runs += 1
        await self.gate.wait()
        self._is_running = False


async def test_requests_during_a_run_cause_one_more_run() -> None:
    coalesced, work = Coalesced(), Work()
    running = asyncio.create_task(coalesced.run("a", work))
    await asyncio.sleep(0)

    for _ in range(5):
        await coalesced.run("a", work)
    assert work.runs == 1
    work.gate.set()
    await running

    assert work.runs == 2


async def test_keys_do_not_wait_for_each_other() -> None:
    coalesced, slow, quick = Coalesced(), Work(), Work()
    quick.gate.set()
    running = asyncio.create_task(coalesced.run("a", slow))
    await asyncio.sleep(0)

    await coalesced.run("b", quick)

    assert (slow.runs, quick.runs) == (1, 1)
    slow.gate.set()
    await running


async def test_a_finished_key_runs_again() -> None:
    coalesced, work = Coalesced(), Work()
    work.gate.set()

    await coalesced.run("a", work)
    await coalesced.run("a", work)

    assert work.runs == 2


async def test_an_exception_reaches_the_caller_and_frees_the_key() -> None:
    coalesced, work = Coalesced(), Work()
    work.gate.set()

    async def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await coalesced.run("a", fail)
    await coalesced.run("a", work)

    assert work.runs == 1
