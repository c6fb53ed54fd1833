"""Campaigns in the database: their states, their progress, and the work that a minute brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from .procedure import call_procedure

if TYPE_CHECKING:
    from supabase import AsyncClient


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to do after a check of all campaigns."""

    due: Sequence[str]
    organizations: Sequence[str]
    retrying: Sequence[str]
    cancelling: Sequence[str]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """As `actor` may see and change them; None is the service itself."""

    database: "AsyncClient"
    actor: str | None

    async def change(self, campaign_id: UUID, action: str) -> str:
        """The new status; 404, 403 or 409 come from the database."""
        return await self._call(
            "change_campaign", campaign_id=str(campaign_id), action=action, actor=self.actor
        )

    async def admit(self, campaign_id: UUID) -> str:
        """The campaign's status, if the actor may act on it."""
        return (await self._find(campaign_id))["status"]

    async def find_organization(self, campaign_id: UUID) -> str:
        """Whose campaign it is, if the actor may act on it."""
        return (await self._find(campaign_id))["organization_id"]

    async def progress(self, campaign_id: UUID) -> dict[str, Any]:
        return await self._call("campaign_progress", campaign_id=str(campaign_id), actor=self.actor)

    async def cancel_contacts(self, campaign_id: str) -> None:
        """All that wait, some thousands in each transaction."""
        while await self._call("cancel_contacts", campaign_id=campaign_id):
            pass

    async def requeue_failed(self, campaign_id: str) -> None:
        """The rest of those that had failed when the campaign was taken up again."""
        while await self._call("requeue_failed", campaign_id=campaign_id):
            pass

    async def start_due(self, organization_id: UUID | None) -> Sequence[str]:
        return await self._call("start_due_campaigns", in_organization=_text(organization_id))

    async def list_work(self, organization_id: UUID | None) -> Work:
        found = await self._call("list_campaign_work", in_organization=_text(organization_id))
        return Work(**found)

    async def refresh_pace(self, organization_id: str, limit: int, reserve: int, used: int) -> None:
        await self._call(
            "refresh_pace",
            organization_id=organization_id,
            concurrency_limit=limit,
            reserved_concurrency=reserve,
            current_concurrency=used,
        )

    async def _find(self, campaign_id: UUID) -> dict[str, Any]:
        return await self._call(
            "campaign_for", campaign_id=str(campaign_id), actor=self.actor, acts=True
        )

    async def _call(self, function: str, **arguments: Any) -> Any:
        return await call_procedure(self.database, function, arguments)


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None
