"""Dials: each claimed contact once, and writes down what the provider answered."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .attempts import Attempts
from .order import DialOrder
from .provider import Provider
from .reply import Consequence, Placed, Refused, Reply, Unknown

_AT_ONCE: Final = 20


class Outcome(Enum):
    """What became of a claimed contact; not `placed`, nobody's phone rings, or nobody knows."""

    PLACED = "placed"
    RELEASED = "released"
    UNREACHABLE = "unreachable"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Batch:
    """How many contacts came to which outcome."""

    counts: Counter[Outcome]

    @property
    def claimed(self) -> int:
        return self.counts.total()

    @property
    def is_disturbed(self) -> bool:
        """The provider is in trouble: the next dial had better wait for the check of the minute."""
        return self.counts[Outcome.UNREACHABLE] + self.counts[Outcome.UNRESOLVED] > 0


@dataclass(frozen=True, slots=True)
class Dialler:
    """Knows the provider and the attempts, and nothing of campaigns."""

    attempts: Attempts
    provider: Provider

    async def dial_batch(self, campaign_id: str, batch: int) -> Batch:
        """Claim and dial up to so many contacts."""
        orders = await self.attempts.claim(campaign_id, batch)
        gate = asyncio.Semaphore(_AT_ONCE)
        dials = (self._dial_through(gate, order) for order in orders)
        return Batch(Counter(await asyncio.gather(*dials)))

    async def _dial_through(self, gate: asyncio.Semaphore, order: DialOrder) -> Outcome:
        async with gate:
            if await self.attempts.begin(order) is not None:
                return Outcome.RELEASED
            return await self._record(order, await self.provider.create_call(order))

    async def _record(self, order: DialOrder, reply: Reply) -> Outcome:
        match reply:
            case Placed():
                await self.attempts.place(order.attempt_id, reply.call_id)
                return Outcome.PLACED
            case Unknown():
                await self.attempts.mark_unresolved(order, reply.error)
                return Outcome.UNRESOLVED
            case Refused():
                await self._follow(order, reply)
                is_reached = reply.consequence is not Consequence.NONE
                return Outcome.RELEASED if is_reached else Outcome.UNREACHABLE

    async def _follow(self, order: DialOrder, refusal: Refused) -> None:
        """The consequence first: released before it, the contact could be claimed in between."""
        match refusal.consequence:
            case Consequence.SLOW_DOWN:
                await self.attempts.slow_down(order.organization_id)
            case Consequence.PAUSE:
                await self.attempts.pause(order.campaign_id, "refused", refusal.message)
            case Consequence.DO_NOT_CALL:
                await self.attempts.forbid(order)
            case Consequence.BAD_NUMBER:
                await self.attempts.settle(order.attempt_id, "invalid_destination")
                return
            case Consequence.NONE:
                pass
        await self.attempts.release(order, refusal.delay_seconds, refusal.error)
