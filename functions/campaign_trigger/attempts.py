"""Attempts in the database: each step of dialling is one RPC, one transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event

from .dial_request import DialRequest

if TYPE_CHECKING:
    from supabase import AsyncClient

_LEASE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class UnresolvedDial:
    """An attempt whose create-call request has an unknown outcome."""

    request: DialRequest
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class SilentCall:
    """A placed call without events for minutes.

    `was_heard_of`: it had events before. `is_over`: its end is stored, but not for the attempt.
    """

    attempt_id: str
    retell_call_id: str
    was_heard_of: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that should have ended and belongs to no open attempt."""

    retell_call_id: str
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class Attempts:
    """Steps of dialling; requires the service role, because row-level security ignores leases."""

    database: "AsyncClient"

    async def claim(self, campaign_id: str, batch: int) -> Sequence[DialRequest]:
        rows = await self._call(
            "claim_contacts_v1",
            campaign_id=campaign_id,
            batch=batch,
            lease_seconds=_LEASE_SECONDS,
        )
        return [DialRequest.read(row) for row in rows]

    async def begin(self, request: DialRequest) -> str | None:
        """Return None if the request may be sent; else the reason, and the attempt is released."""
        return await self._call("begin_dial_v1", **_lease(request))

    async def begin_resend(self, request: DialRequest) -> str | None:
        """Return None if the request may not be resent, else the argument of `undo_resend`."""
        return await self._call("resend_dial_v1", **_lease(request))

    async def undo_resend(self, request: DialRequest, dialed_at: str) -> None:
        """Restore the time of the first request after a resent request made no call."""
        await self._call("undo_resend_v1", **_lease(request), dialed_at=dialed_at)

    async def place(self, attempt_id: str, call_id: str) -> None:
        await self._call("place_call_v1", attempt_id=attempt_id, retell_call_id=call_id)

    async def mark_unresolved(self, request: DialRequest, error: str) -> None:
        await self._call("mark_unresolved_v1", **_lease(request), error=error)

    async def release(self, request: DialRequest, delay_seconds: int, error: str) -> None:
        await self._call(
            "release_attempt_v1", **_lease(request), delay_seconds=delay_seconds, error=error
        )

    async def finish(self, attempt_id: str, reason: str) -> None:
        """Finish the attempt as if the provider had reported this disconnection reason."""
        await self._call("finish_attempt_v1", attempt_id=attempt_id, reason=reason)

    async def pause(self, campaign_id: str, reason: str, message: str) -> None:
        await self._call(
            "pause_campaign_v1", campaign_id=campaign_id, reason=reason, message=message
        )

    async def slow_down(self, organization_id: str) -> None:
        await self._call("slow_down_v1", organization_id=organization_id)

    async def forbid(self, request: DialRequest) -> None:
        """Copy the number from the provider's do-not-call list to the organization's."""
        await self._call(
            "add_do_not_call_v1", organization_id=request.organization_id, phone=request.phone
        )

    async def next_dial_in(self, campaign_id: str) -> int | None:
        """Return milliseconds, or None if no dial is due later."""
        return await self._call("next_dial_delay_v1", campaign_id=campaign_id)

    async def reap(self, batch: int) -> int:
        return await self._call("reap_leases_v1", batch=batch)

    async def claim_unresolved(self, batch: int) -> Sequence[UnresolvedDial]:
        rows = await self._call("claim_unresolved_attempts_v1", batch=batch)
        return [_read_unresolved(row) for row in rows]

    async def claim_silent(self, batch: int) -> Sequence[SilentCall]:
        rows = await self._call("claim_silent_calls_v1", batch=batch)
        return [SilentCall(**row) for row in rows]

    async def claim_open(self, batch: int) -> Sequence[OpenCall]:
        rows = await self._call("claim_open_calls_v1", batch=batch)
        return [OpenCall(**row) for row in rows]

    async def fail_call(self, call_id: str) -> None:
        """Finish a call whose end the provider will never report."""
        await self._call("fail_call_v1", retell_call_id=call_id)

    async def claim_unapplied(self, batch: int) -> Sequence[CallEvent]:
        """Claim stored events that could not be applied when they arrived."""
        rows = await self._call("claim_unapplied_events_v1", batch=batch)
        return await asyncio.to_thread(
            lambda: [parse_event(row["event"], row["call"], row["turn"]) for row in rows]
        )

    async def claim_unanalyzed(self, batch: int) -> Sequence[str]:
        """Claim ended calls without an analysis; returns the provider's call ids."""
        return await self._call("claim_unanalyzed_calls_v1", batch=batch)

    async def _call(self, function: str, **arguments: Any) -> Any:
        return cast("Any", (await self.database.rpc(function, arguments).execute()).data)


def _lease(request: DialRequest) -> dict[str, str]:
    return {"attempt_id": request.attempt_id, "lease_token": request.lease_token}


def _read_unresolved(row: Mapping[str, Any]) -> UnresolvedDial:
    request = DialRequest.read(cast("dict[str, Any]", row["dial"]))
    return UnresolvedDial(request, row["is_hopeless"])
