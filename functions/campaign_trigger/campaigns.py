"""Campaigns in the database: states, progress, and the work that is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

if TYPE_CHECKING:
    from supabase import AsyncClient


@dataclass(frozen=True, slots=True)
class Work:
    """Ids of campaigns and organizations with work left after a schedule_check."""

    due: Sequence[str]
    organizations: Sequence[str]
    retrying: Sequence[str]
    cancelling: Sequence[str]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns as `actor`, a user id, may see and change them; None is the service role."""

    database: "AsyncClient"
    actor: str | None

    async def change(self, campaign_id: UUID, action: str) -> str:
        """Apply an action and return the new status. The database raises 404, 403 or 409."""
        return await self._call(
            "change_campaign_v1", campaign_id=str(campaign_id), action=action, actor=self.actor
        )

    async def admit(self, campaign_id: UUID) -> str:
        """Return the status of the campaign if the actor may act on it."""
        return (await self._find(campaign_id))["status"]

    async def find_organization(self, campaign_id: UUID) -> str:
        """Return the organization of the campaign if the actor may act on it."""
        return (await self._find(campaign_id))["organization_id"]

    async def progress(self, campaign_id: UUID) -> dict[str, Any]:
        return await self._call(
            "get_campaign_progress_v1", campaign_id=str(campaign_id), actor=self.actor
        )

    async def cancel_contacts(self, campaign_id: str) -> None:
        """Cancel all waiting contacts, some thousands per transaction."""
        while await self._call("cancel_contacts_v1", campaign_id=campaign_id):
            pass

    async def requeue_failed(self, campaign_id: str) -> None:
        """Requeue the remaining failed contacts of a retried campaign."""
        while await self._call("requeue_failed_contacts_v1", campaign_id=campaign_id):
            pass

    async def start_due(self, organization_id: UUID | None) -> Sequence[str]:
        return await self._call("start_due_campaigns_v1", in_organization=_text(organization_id))

    async def list_work(self, organization_id: UUID | None) -> Work:
        found = await self._call("list_campaign_work_v1", in_organization=_text(organization_id))
        return Work(**found)

    async def refresh_concurrency(
        self, organization_id: str, limit: int, reserve: int, used: int
    ) -> None:
        await self._call(
            "refresh_concurrency_v1",
            organization_id=organization_id,
            concurrency_limit=limit,
            reserved_concurrency=reserve,
            current_concurrency=used,
        )

    async def _find(self, campaign_id: UUID) -> dict[str, Any]:
        return await self._call(
            "get_campaign_v1", campaign_id=str(campaign_id), actor=self.actor, acts=True
        )

    async def _call(self, function: str, **arguments: Any) -> Any:
        return cast("Any", (await self.database.rpc(function, arguments).execute()).data)


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None
