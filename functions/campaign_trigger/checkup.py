"""What each minute brings: leases run out, campaigns come due or stall, calls end unheard of."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from .attempts import Attempts
from .campaigns import Campaigns, Work
from .provider import Provider, ProviderError
from .reconciliation import Reconciliation

_LEASES: Final = 1000
_PATIENCE_SECONDS: Final = 45.0  # with a provider that hangs: what is due should be dialled still


@dataclass(frozen=True, slots=True)
class Checkup:
    """Heals what a lost webhook, a lost trigger or a dead worker has left."""

    campaigns: Campaigns
    attempts: Attempts
    reconciliation: Reconciliation
    provider: Provider

    async def run(self, organization_id: UUID | None) -> tuple[dict[str, Any], Work]:
        """What was done, and what is left to be gone on with."""
        reaped = await self.attempts.reap(_LEASES)
        resolved, ended, analyzed = await asyncio.gather(
            _patiently(self.reconciliation.resolve()),
            _patiently(self.reconciliation.check_silent()),
            _patiently(self.reconciliation.fetch_analyses()),
        )
        started = await self.campaigns.start_due(organization_id)
        work = await self.campaigns.list_work(organization_id)
        await self._refresh_pace(work)
        done = {
            "started": list(started),
            "continued": list(work.due),
            "reaped": reaped,
            "resolved": resolved,
            "ended": ended,
            "analyzed": analyzed,
        }
        return done, work

    async def _refresh_pace(self, work: Work) -> None:
        """Without an answer the limits stay what they were."""
        if not work.organizations:
            return
        try:
            found = await self.provider.fetch_concurrency()
        except ProviderError:
            return
        if found.concurrency_limit is None:
            return
        for organization_id in work.organizations:
            await self.campaigns.refresh_pace(
                organization_id,
                found.concurrency_limit,
                found.reserved_inbound_concurrency or 0,
                found.current_concurrency or 0,
            )


async def _patiently(work: Awaitable[int]) -> int:
    """What was left undone is taken up by the next check: it is all in the database."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await work
    except TimeoutError:
        return 0
