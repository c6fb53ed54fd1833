"""What each minute brings: leases run out, campaigns come due or stall, calls end unheard of."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from .attempts import Attempts
from .campaigns import Campaigns, Work
from .pace import refresh_pace
from .provider import Provider
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
        resolved, silent, lost, analyzed, applied = await asyncio.gather(
            _patiently(self.reconciliation.resolve()),
            _patiently(self.reconciliation.check_silent()),
            _patiently(self.reconciliation.end_open()),
            _patiently(self.reconciliation.fetch_analyses()),
            _patiently(self.reconciliation.apply_kept()),
        )
        started = await self.campaigns.start_due(organization_id)
        work = await self.campaigns.list_work(organization_id)
        await refresh_pace(self.campaigns, self.provider, work.organizations)
        done = {
            "started": list(started),
            "continued": list(work.due),
            "reaped": reaped,
            "resolved": resolved,
            "ended": silent + lost,
            "analyzed": analyzed,
            "applied": applied,
        }
        return done, work


async def _patiently(work: Awaitable[int]) -> int:
    """What was left undone is taken up by the next check: it is all in the database."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await work
    except TimeoutError:
        return 0
