"""Attempts in the database: each step of dialling is one of its functions, one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from shared.telephony.event import CallEvent

from .order import DialOrder
from .procedure import call_procedure

if TYPE_CHECKING:
    from supabase import AsyncClient

_LEASE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class UnresolvedDial:
    """An attempt of which nobody knows whether the phone rings."""

    order: DialOrder
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class SilentCall:
    """A placed call of which nothing was heard for minutes.

    `was_heard_of`: something was before that. `is_over`: its end is known, but not as its own.
    """

    attempt_id: str
    retell_call_id: str
    was_heard_of: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that should have ended and that no attempt waits for."""

    retell_call_id: str
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class Attempts:
    """By the service role: row security knows nothing of leases."""

    database: "AsyncClient"

    async def claim(self, campaign_id: str, batch: int) -> Sequence[DialOrder]:
        rows = await self._call(
            "claim_contacts",
            campaign_id=campaign_id,
            batch=batch,
            lease_seconds=_LEASE_SECONDS,
        )
        return [DialOrder.read(row) for row in rows]

    async def begin(self, order: DialOrder) -> str | None:
        """None: the request may leave now. Else why it may not; the attempt is released."""
        return await self._call("begin_dial", **_lease(order))

    async def begin_again(self, order: DialOrder) -> str | None:
        """None: the request may not leave once more. Else what to give to undo_again."""
        return await self._call("begin_redial", **_lease(order))

    async def undo_again(self, order: DialOrder, dialed_at: str) -> None:
        """The request that left once more has made no call: that moment is forgotten."""
        await self._call("undo_redial", **_lease(order), dialed_at=dialed_at)

    async def place(self, attempt_id: str, call_id: str) -> None:
        await self._call("place_call", attempt_id=attempt_id, retell_call_id=call_id)

    async def mark_unresolved(self, order: DialOrder, error: str) -> None:
        await self._call("mark_unresolved", **_lease(order), error=error)

    async def release(self, order: DialOrder, delay_seconds: int, error: str) -> None:
        await self._call(
            "release_attempt", **_lease(order), delay_seconds=delay_seconds, error=error
        )

    async def settle(self, attempt_id: str, reason: str) -> None:
        """End it as if the provider had reported this reason."""
        await self._call("settle_attempt", attempt_id=attempt_id, reason=reason)

    async def pause(self, campaign_id: str, reason: str, message: str) -> None:
        await self._call(
            "pause_with_reason", campaign_id=campaign_id, reason=reason, message=message
        )

    async def slow_down(self, organization_id: str) -> None:
        await self._call("slow_down", organization_id=organization_id)

    async def forbid(self, order: DialOrder) -> None:
        """The provider's own list has the number: so has the organization's, from now on."""
        await self._call("forbid_number", organization_id=order.organization_id, phone=order.phone)

    async def next_dial_in(self, campaign_id: str) -> int | None:
        """Milliseconds; None if there is nothing to wait for."""
        return await self._call("next_dial_in", campaign_id=campaign_id)

    async def reap(self, batch: int) -> int:
        return await self._call("reap_leases", batch=batch)

    async def take_unresolved(self, batch: int) -> Sequence[UnresolvedDial]:
        rows = await self._call("take_unresolved", batch=batch)
        return [_read_unresolved(row) for row in rows]

    async def take_silent(self, batch: int) -> Sequence[SilentCall]:
        rows = await self._call("take_silent_calls", batch=batch)
        return [SilentCall(**row) for row in rows]

    async def take_open(self, batch: int) -> Sequence[OpenCall]:
        rows = await self._call("take_open_calls", batch=batch)
        return [OpenCall(**row) for row in rows]

    async def give_up(self, call_id: str) -> None:
        """Nobody will ever tell how the call ended."""
        await self._call("give_up_call", retell_call_id=call_id)

    async def take_kept(self, batch: int) -> Sequence[CallEvent]:
        """Events that were stored when they came and could not be applied."""
        rows = await self._call("take_kept_events", batch=batch)
        return [CallEvent(row["event"], row["call"], row["turn"]) for row in rows]

    async def take_unanalyzed(self, batch: int) -> Sequence[str]:
        """The provider's ids of calls that have ended and whose analysis has not come."""
        return await self._call("take_unanalyzed_calls", batch=batch)

    async def _call(self, function: str, **arguments: Any) -> Any:
        return await call_procedure(self.database, function, arguments)


def _lease(order: DialOrder) -> dict[str, str]:
    return {"attempt_id": order.attempt_id, "lease_token": order.lease_token}


def _read_unresolved(row: Mapping[str, Any]) -> UnresolvedDial:
    order = DialOrder.read(cast("dict[str, Any]", row["dial"]))
    return UnresolvedDial(order, row["is_hopeless"])
