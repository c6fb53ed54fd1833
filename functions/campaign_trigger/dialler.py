"""Dials: each claimed contact once, and writes down what the provider answered."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final

from .attempts import Attempts
from .order import DialOrder
from .provider import Provider
from .reply import Consequence, Placed, Refused, Reply, Unknown

_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """How many contacts were claimed, and what became of them."""

    claimed: int
    placed: int
    unresolved: int
    released: int

    @property
    def is_disturbed(self) -> bool:
        """Something is wrong with the provider or the campaign: better not go on at once."""
        return self.unresolved + self.released > 0


@dataclass(frozen=True, slots=True)
class Dialler:
    """Knows the provider and the attempts, and nothing of campaigns."""

    attempts: Attempts
    provider: Provider

    async def dial_batch(self, campaign_id: str, batch: int) -> Batch:
        """Claim and dial up to so many contacts."""
        orders = await self.attempts.claim(campaign_id, batch)
        gate = asyncio.Semaphore(_AT_ONCE)
        outcomes = Counter(
            await asyncio.gather(*(self._dial_through(gate, order) for order in orders))
        )
        return Batch(len(orders), outcomes[Placed], outcomes[Unknown], outcomes[Refused])

    async def _dial_through(self, gate: asyncio.Semaphore, order: DialOrder) -> type[Reply]:
        async with gate:
            return await self.dial(order)

    async def dial(self, order: DialOrder) -> type[Reply]:
        """The kind of reply; an attempt that may not be dialled any more counts as refused."""
        if await self.attempts.begin(order) is not None:
            return Refused
        reply = await self.provider.create_call(order)
        await self._record(order, reply)
        return type(reply)

    async def _record(self, order: DialOrder, reply: Reply) -> None:
        match reply:
            case Placed():
                await self.attempts.place(order, reply.call_id)
            case Unknown():
                await self.attempts.mark_unresolved(order, reply.error)
            case Refused():
                await self._follow(order, reply)

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
