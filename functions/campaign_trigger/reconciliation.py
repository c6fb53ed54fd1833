"""Reconciles dials with an unknown outcome, silent calls and missing analyses with the provider."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event
from shared.telephony.store import EventStore

from .attempts import OpenCall, SilentCall, UnresolvedDial
from .create_call_result import Placed, Rejected
from .dial_request import DialRequest
from .dialler import Dialler
from .provider import NoSuchCallError, ProviderError

_AT_ONCE: Final = 8
_UNRESOLVED: Final = 40
_SILENT: Final = 80
_OVER: Final = ("ended", "not_connected", "error")
_NEVER_DIALLED: Final = "registered_call_timeout"
_LOST: Final = "unknown"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Queries the provider; what stays open is retried by the next schedule_check."""

    dialler: Dialler
    events: EventStore

    async def resolve(self) -> int:
        """Resolve attempts with an unknown outcome. Returns the number resolved."""
        taken = await self.dialler.attempts.claim_unresolved(_UNRESOLVED)
        return await _count(taken, self._resolve)

    async def check_silent(self) -> int:
        """Finish placed calls that have ended silently. Returns their number."""
        taken = await self.dialler.attempts.claim_silent(_SILENT)
        return await _count(taken, self._check)

    async def end_open(self) -> int:
        """Finish calls without an open attempt, such as inbound ones. Returns their number."""
        taken = await self.dialler.attempts.claim_open(_SILENT)
        return await _count(taken, self._end)

    async def fetch_analyses(self) -> int:
        """Fetch analyses whose webhooks were lost. Returns their number."""
        taken = await self.dialler.attempts.claim_unanalyzed(_SILENT)
        return await _count(taken, self._fetch_analysis)

    async def apply_unapplied(self) -> int:
        """Apply events that could not be applied on arrival. Returns their number."""
        taken = await self.dialler.attempts.claim_unapplied(_SILENT)
        return await _count(taken, self._apply_unapplied)

    async def _resolve(self, dial: UnresolvedDial) -> bool:
        attempts, provider = self.dialler.attempts, self.dialler.provider
        if await self._resend(dial.request):
            return True
        call = await provider.find_call(dial.request)
        if call:
            await attempts.place(dial.request.attempt_id, call["call_id"])
            await self._apply(call["call_id"])
        elif dial.is_hopeless:
            await attempts.finish(dial.request.attempt_id, _NEVER_DIALLED)
        return bool(call) or dial.is_hopeless

    async def _resend(self, request: DialRequest) -> bool:
        """Resend with the same idempotency key if allowed; return whether the call exists now."""
        attempts = self.dialler.attempts
        dialed_at = await attempts.begin_resend(request)
        if dialed_at is None:
            return False
        result = await self.dialler.provider.create_call(request)
        # A rejection does not reveal the outcome of the first request.
        if isinstance(result, Rejected) or (isinstance(result, Placed) and result.is_older):
            await attempts.undo_resend(request, dialed_at)
        if isinstance(result, Placed):
            await attempts.place(request.attempt_id, result.call_id)
        return isinstance(result, Placed)

    async def _check(self, silent: SilentCall) -> bool:
        if silent.is_over:
            await self.dialler.attempts.place(silent.attempt_id, silent.retell_call_id)
            return True
        try:
            return await self._apply(silent.retell_call_id)
        except NoSuchCallError:
            reason = _LOST if silent.was_heard_of else _NEVER_DIALLED
            await self.dialler.attempts.finish(silent.attempt_id, reason)
            return True

    async def _end(self, call: OpenCall) -> bool:
        try:
            is_over, is_lost = await self._apply(call.retell_call_id), call.is_hopeless
        except NoSuchCallError:
            is_over, is_lost = False, True
        if is_lost and not is_over:
            await self.dialler.attempts.fail_call(call.retell_call_id)
        return is_over or is_lost

    async def _apply_unapplied(self, event: CallEvent) -> bool:
        return (await self.events.apply(event)).kept_because is None

    async def _fetch_analysis(self, call_id: str) -> bool:
        try:
            call = await self.dialler.provider.fetch_call(call_id)
        except NoSuchCallError:
            return False
        if not call.get("call_analysis"):
            return False
        await self.events.apply(await asyncio.to_thread(parse_event, "call_analyzed", call))
        return True

    async def _apply(self, call_id: str) -> bool:
        """If the provider reports the call as ended, apply its end as webhooks would have."""
        call = await self.dialler.provider.fetch_call(call_id)
        if call.get("call_status") not in _OVER:
            return False
        for event in await asyncio.to_thread(_events_of, call):
            await self.events.apply(event)
        return True


def _events_of(call: Mapping[str, Any]) -> Sequence[CallEvent]:
    ended = parse_event("call_ended", call)
    return [ended, parse_event("call_analyzed", call)] if call.get("call_analysis") else [ended]


async def _count(items: Sequence[Item], reconcile: Callable[[Item], Awaitable[bool]]) -> int:
    """Return the number of reconciled items; a provider error leaves an item for later."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def through(item: Item) -> bool:
        async with gate:
            try:
                return await reconcile(item)
            except ProviderError:
                return False

    return sum(await asyncio.gather(*map(through, items)))
