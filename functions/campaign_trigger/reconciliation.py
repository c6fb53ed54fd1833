"""Finds out what became of dials without an answer, and of calls without a word or an analysis."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.calls.event import CallEvent
from shared.calls.store import EventStore

from .attempts import SilentCall, UnresolvedDial
from .dialler import Dialler
from .provider import NoSuchCallError, ProviderError
from .reply import Placed

_AT_ONCE: Final = 8
_UNRESOLVED: Final = 40
_SILENT: Final = 80
_OVER: Final = ("ended", "not_connected", "error")
_NEVER_DIALLED: Final = "registered_call_timeout"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Asks the provider; what it does not tell today is asked again in a minute."""

    dialler: Dialler
    events: EventStore

    async def resolve(self) -> int:
        """Attempts that are unresolved no longer."""
        taken = await self.dialler.attempts.take_unresolved(_UNRESOLVED)
        return await _count(taken, self._resolve)

    async def check_silent(self) -> int:
        """Placed calls that turned out to be over."""
        taken = await self.dialler.attempts.take_silent(_SILENT)
        return await _count(taken, self._check)

    async def fetch_analyses(self) -> int:
        """Analyses of calls that were lost on their way."""
        taken = await self.dialler.attempts.take_unanalyzed(_SILENT)
        return await _count(taken, self._fetch_analysis)

    async def _resolve(self, dial: UnresolvedDial) -> bool:
        attempts, provider = self.dialler.attempts, self.dialler.provider
        if dial.may_redial:
            reply = await provider.create_call(dial.order)
            # A refusal now says nothing of the first request.
            if isinstance(reply, Placed):
                await attempts.place(dial.order, reply.call_id)
                return True
        call = await provider.find_call(dial.order)
        if call:
            await attempts.place(dial.order, call["call_id"])
            await self._apply(call["call_id"])
        elif dial.is_hopeless:
            await attempts.settle(dial.order.attempt_id, _NEVER_DIALLED)
        return bool(call) or dial.is_hopeless

    async def _check(self, silent: SilentCall) -> bool:
        try:
            return await self._apply(silent.retell_call_id)
        except NoSuchCallError:
            await self.dialler.attempts.settle(silent.attempt_id, _NEVER_DIALLED)
            return True

    async def _fetch_analysis(self, call_id: str) -> bool:
        try:
            call = await self.dialler.provider.fetch_call(call_id)
        except NoSuchCallError:
            return False
        if not call.get("call_analysis"):
            return False
        await self.events.apply(CallEvent("call_analyzed", call))
        return True

    async def _apply(self, call_id: str) -> bool:
        """Have a call that is over end as its webhooks would have it."""
        call = await self.dialler.provider.fetch_call(call_id)
        if call.get("call_status") not in _OVER:
            return False
        for event in _events_of(call):
            await self.events.apply(event)
        return True


def _events_of(call: Mapping[str, Any]) -> Sequence[CallEvent]:
    ended = CallEvent("call_ended", call)
    return [ended, CallEvent("call_analyzed", call)] if call.get("call_analysis") else [ended]


async def _count(items: Sequence[Item], settle: Callable[[Item], Awaitable[bool]]) -> int:
    """For how many it was done; the provider's silence on one does not keep the others."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def through(item: Item) -> bool:
        async with gate:
            try:
                return await settle(item)
            except ProviderError:
                return False

    return sum(await asyncio.gather(*map(through, items)))
