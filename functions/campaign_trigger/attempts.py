"""Attempts in the database: each step of dialling is one of its functions, one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from .order import DialOrder
from .procedure import call_procedure

if TYPE_CHECKING:
    from supabase import AsyncClient

_LEASE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class UnresolvedDial:
    """An attempt of which nobody knows whether the phone rings."""

    order: DialOrder
    may_redial: bool
    is_hopeless: bool


@dataclass(frozen=True, slots=True)
class SilentCall:
    """A placed call of which nothing was heard for minutes."""

    attempt_id: str
    retell_call_id: str


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

    async def place(self, order: DialOrder, call_id: str) -> None:
        await self._call("place_call", attempt_id=order.attempt_id, retell_call_id=call_id)

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
        return [SilentCall(row["attempt_id"], row["retell_call_id"]) for row in rows]

    async def take_unanalyzed(self, batch: int) -> Sequence[str]:
        """The provider's ids of calls that have ended and whose analysis has not come."""
        return await self._call("take_unanalyzed_calls", batch=batch)

    async def _call(self, function: str, **arguments: Any) -> Any:
        return await call_procedure(self.database, function, arguments)


def _lease(order: DialOrder) -> dict[str, str]:
    return {"attempt_id": order.attempt_id, "lease_token": order.lease_token}


def _read_unresolved(row: Mapping[str, Any]) -> UnresolvedDial:
    order = DialOrder.read(cast("dict[str, Any]", row["dial"]))
    return UnresolvedDial(order, row["may_redial"], row["is_hopeless"])
