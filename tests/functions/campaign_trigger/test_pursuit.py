"""Going on with a campaign: once at a time, as long as there is somebody to dial."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

from functions.campaign_trigger.dialler import Batch, Dialler, Outcome
from functions.campaign_trigger.pursuit import Pursuit


def batch(**counts: int) -> Batch:
    return Batch(Counter({Outcome(name): count for name, count in counts.items()}))


@dataclass(slots=True)
class ScriptedDialler:
    """Dials as its script says; it is its own book of attempts."""

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


async def pursue(script: ScriptedDialler, times: int = 1) -> None:
    pursuit, dialler = Pursuit(), cast("Dialler", script)
    runs = [asyncio.create_task(pursuit.go_on(dialler, "c1")) for _ in range(times)]
    await asyncio.sleep(0)
    script.gate.set()
    await asyncio.gather(*runs)


async def test_it_dials_until_nobody_is_due() -> None:
    script = ScriptedDialler([batch(placed=20), batch(placed=20), batch(placed=3)])

    await pursue(script)

    assert script.dialled == 4


async def test_it_waits_for_the_pace() -> None:
    script = ScriptedDialler([batch(), batch(placed=1)], waits=[10, None])

    await pursue(script)

    assert script.dialled == 3


async def test_it_does_not_spin_when_others_take_what_is_due() -> None:
    script = ScriptedDialler([], waits=[0, 0, 0, None])
    began = asyncio.get_running_loop().time()

    await pursue(script)

    assert script.dialled == 4
    assert asyncio.get_running_loop().time() - began >= 0.15


async def test_it_does_not_wait_longer_than_it_has() -> None:
    script = ScriptedDialler([batch()], waits=[10_000_000])

    await pursue(script)

    assert script.dialled == 1


async def test_it_leaves_a_provider_in_trouble_alone() -> None:
    for trouble in (batch(placed=1, unresolved=1), batch(unreachable=1)):
        script = ScriptedDialler([trouble, batch(placed=1)])
        await pursue(script)
        assert script.dialled == 1


async def test_what_befell_one_contact_does_not_keep_the_others() -> None:
    script = ScriptedDialler([batch(placed=1, released=2), batch(placed=1)])

    await pursue(script)

    assert script.dialled == 3


async def test_who_asks_meanwhile_has_it_run_once_more() -> None:
    script = ScriptedDialler([])

    await pursue(script, times=5)

    assert script.dialled == 2


async def test_campaigns_do_not_wait_for_each_other() -> None:
    pursuit = Pursuit()
    first, second = ScriptedDialler([]), ScriptedDialler([])
    waiting = asyncio.create_task(pursuit.go_on(cast("Dialler", first), "c1"))
    await asyncio.sleep(0)
    second.gate.set()

    await pursuit.go_on(cast("Dialler", second), "c2")

    assert second.dialled == 1
    first.gate.set()
    await waiting
