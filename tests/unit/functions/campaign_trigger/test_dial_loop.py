"""The dial loop of a campaign: one at a time, while contacts are due."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

from functions.campaign_trigger.dial_loop import DialLoop
from functions.campaign_trigger.dialler import Batch, Dialler, Outcome


def batch(**counts: int) -> Batch:
    return Batch(Counter({Outcome(name): count for name, count in counts.items()}))


@dataclass(slots=True)
class ScriptedDialler:
    """Returns scripted batches and waits; serves as its own `attempts`."""

    batches: list[Batch]
    waits: list[int | None] = field(default_factory=list[int | None])
    dialled: int = 0
    at_once: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def attempts(self) -> "ScriptedDialler":
        return self

    async def dial_batch(self, campaign_id: str, size: int) -> Batch:
        del campaign_id, size
        self.at_once += 1
        assert self.at_once == 1
        await self.gate.wait()
        self.at_once -= 1
        self.dialled += 1
        return self.batches.pop(0) if self.batches else batch()

    async def next_dial_in(self, campaign_id: str) -> int | None:
        del campaign_id
        return self.waits.pop(0) if self.waits else None


async def run_loop(script: ScriptedDialler, times: int = 1) -> None:
    loop, dialler = DialLoop(), cast("Dialler", script)
    runs = [asyncio.create_task(loop.run(dialler, "c1")) for _ in range(times)]
    await asyncio.sleep(0)
    script.gate.set()
    await asyncio.gather(*runs)


async def test_it_dials_until_no_contact_is_due() -> None:
    script = ScriptedDialler([batch(placed=20), batch(placed=20), batch(placed=3)])

    await run_loop(script)

    assert script.dialled == 4


async def test_it_waits_for_the_next_dial() -> None:
    script = ScriptedDialler([batch(), batch(placed=1)], waits=[10, None])

    await run_loop(script)

    assert script.dialled == 3


async def test_it_does_not_spin_when_other_workers_claim_the_contacts() -> None:
    script = ScriptedDialler([], waits=[0, 0, 0, None])
    began = asyncio.get_running_loop().time()

    await run_loop(script)

    assert script.dialled == 4
    assert asyncio.get_running_loop().time() - began >= 0.15


async def test_it_does_not_wait_beyond_its_time() -> None:
    script = ScriptedDialler([batch()], waits=[10_000_000])

    await run_loop(script)

    assert script.dialled == 1


async def test_it_stops_when_the_provider_fails() -> None:
    for failed in (batch(placed=1, unresolved=1), batch(unreachable=1)):
        script = ScriptedDialler([failed, batch(placed=1)])
        await run_loop(script)
        assert script.dialled == 1


async def test_a_released_contact_does_not_stop_the_others() -> None:
    script = ScriptedDialler([batch(placed=1, released=2), batch(placed=1)])

    await run_loop(script)

    assert script.dialled == 3


async def test_requests_during_a_loop_cause_one_more() -> None:
    script = ScriptedDialler([])

    await run_loop(script, times=5)

    assert script.dialled == 2


async def test_campaigns_do_not_wait_for_each_other() -> None:
    loop = DialLoop()
    first, second = ScriptedDialler([]), ScriptedDialler([])
    waiting = asyncio.create_task(loop.run(cast("Dialler", first), "c1"))
    await asyncio.sleep(0)
    second.gate.set()

    await loop.run(cast("Dialler", second), "c2")

    assert second.dialled == 1
    first.gate.set()
    await waiting
