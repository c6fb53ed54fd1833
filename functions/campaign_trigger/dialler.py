"""Dials each claimed contact once and records the provider's response."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .attempts import Attempts
from .create_call_result import Consequence, CreateCallResult, Placed, Rejected, Unknown
from .dial_request import DialRequest
from .provider import Provider

_AT_ONCE: Final = 20


class Outcome(Enum):
    """Outcome of one dial. RELEASED, UNREACHABLE: no call was made. UNRESOLVED: unknown."""

    PLACED = "placed"
    RELEASED = "released"
    UNREACHABLE = "unreachable"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Batch:
    """Number of contacts per outcome."""

    counts: Counter[Outcome]

    @property
    def claimed(self) -> int:
        return self.counts.total()

    @property
    def has_provider_failures(self) -> bool:
        """Return whether to stop dialling until the next schedule_check."""
        return self.counts[Outcome.UNREACHABLE] + self.counts[Outcome.UNRESOLVED] > 0


@dataclass(frozen=True, slots=True)
class Dialler:
    """Dials through the provider and records attempts; independent of campaign states."""

    attempts: Attempts
    provider: Provider

    async def dial_batch(self, campaign_id: str, batch: int) -> Batch:
        """Claim and dial up to `batch` contacts."""
        requests = await self.attempts.claim(campaign_id, batch)
        gate = asyncio.Semaphore(_AT_ONCE)
        dials = (self._dial_through(gate, request) for request in requests)
        return Batch(Counter(await asyncio.gather(*dials)))

    async def _dial_through(self, gate: asyncio.Semaphore, request: DialRequest) -> Outcome:
        async with gate:
            if await self.attempts.begin(request) is not None:
                return Outcome.RELEASED
            return await self._record(request, await self.provider.create_call(request))

    async def _record(self, request: DialRequest, result: CreateCallResult) -> Outcome:
        match result:
            case Placed():
                await self.attempts.place(request.attempt_id, result.call_id)
                return Outcome.PLACED
            case Unknown():
                await self.attempts.mark_unresolved(request, result.error)
                return Outcome.UNRESOLVED
            case Rejected():
                await self._apply_rejection(request, result)
                is_reached = result.consequence is not Consequence.NONE
                return Outcome.RELEASED if is_reached else Outcome.UNREACHABLE

    async def _apply_rejection(self, request: DialRequest, rejection: Rejected) -> None:
        """Apply the consequence before the release, or the contact could be claimed in between."""
        match rejection.consequence:
            case Consequence.SLOW_DOWN:
                await self.attempts.slow_down(request.organization_id)
            case Consequence.PAUSE:
                await self.attempts.pause(request.campaign_id, "refused", rejection.message)
            case Consequence.DO_NOT_CALL:
                await self.attempts.forbid(request)
            case Consequence.BAD_NUMBER:
                await self.attempts.finish(request.attempt_id, "invalid_destination")
                return
            case Consequence.NONE:
                pass
        await self.attempts.release(request, rejection.delay_seconds, rejection.error)
