"""Finds out what became of dials without an answer, and of calls without a word or an analysis."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.telephony.event import CallEvent
from shared.telephony.store import EventStore

from .attempts import OpenCall, SilentCall, UnresolvedDial
from .dialler import Dialler
from .order import DialOrder
from .provider import NoSuchCallError, ProviderError
from .reply import Placed, Refused

_AT_ONCE: Final = 8
_UNRESOLVED: Final = 40
_SILENT: Final = 80
_OVER: Final = ("ended", "not_connected", "error")
_NEVER_DIALLED: Final = "registered_call_timeout"
_LOST: Final = "unknown"

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

    async def end_open(self) -> int:
        """Calls that are open no longer: inbound ones, and those of no attempt that is open."""
        taken = await self.dialler.attempts.take_open(_SILENT)
        return await _count(taken, self._end)

    async def fetch_analyses(self) -> int:
        """Analyses of calls that were lost on their way."""
        taken = await self.dialler.attempts.take_unanalyzed(_SILENT)
        return await _count(taken, self._fetch_analysis)

    async def apply_kept(self) -> int:
        """Events that could not be applied when they came."""
        taken = await self.dialler.attempts.take_kept(_SILENT)
        return await _count(taken, self._apply_kept)

    async def _resolve(self, dial: UnresolvedDial) -> bool:
        attempts, provider = self.dialler.attempts, self.dialler.provider
        if await self._dial_again(dial.order):
            return True
        call = await provider.find_call(dial.order)
        if call:
            await attempts.place(dial.order.attempt_id, call["call_id"])
            await self._apply(call["call_id"])
        elif dial.is_hopeless:
            await attempts.settle(dial.order.attempt_id, _NEVER_DIALLED)
        return bool(call) or dial.is_hopeless

    async def _dial_again(self, order: DialOrder) -> bool:
        """By the same key, if that may be: whether the provider has the call now."""
        attempts = self.dialler.attempts
        dialed_at = await attempts.begin_again(order)
        if dialed_at is None:
            return False
        reply = await self.dialler.provider.create_call(order)
        # A refusal says nothing of the first request.
        if isinstance(reply, Refused) or (isinstance(reply, Placed) and reply.is_older):
            await attempts.undo_again(order, dialed_at)
        if isinstance(reply, Placed):
            await attempts.place(order.attempt_id, reply.call_id)
        return isinstance(reply, Placed)

    async def _check(self, silent: SilentCall) -> bool:
        if silent.is_over:
            await self.dialler.attempts.place(silent.attempt_id, silent.retell_call_id)
            return True
        try:
            return await self._apply(silent.retell_call_id)
        except NoSuchCallError:
            reason = _LOST if silent.was_heard_of else _NEVER_DIALLED
            await self.dialler.attempts.settle(silent.attempt_id, reason)
            return True

    async def _end(self, call: OpenCall) -> bool:
        try:
            is_over, is_lost = await self._apply(call.retell_call_id), call.is_hopeless
        except NoSuchCallError:
            is_over, is_lost = False, True
        if is_lost and not is_over:
            await self.dialler.attempts.give_up(call.retell_call_id)
        return is_over or is_lost

    async def _apply_kept(self, event: CallEvent) -> bool:
        return (await self.events.apply(event)).kept_because is None

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
