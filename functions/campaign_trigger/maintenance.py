"""The schedule_check of each minute: expired leases, due campaigns, calls without webhooks."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from .attempts import Attempts
from .campaigns import Campaigns, Work
from .concurrency import refresh_concurrency
from .provider import Provider
from .reconciliation import Reconciliation

_LEASES: Final = 1000
_TIMEOUT_SECONDS: Final = 45.0  # if the provider hangs, due contacts are still dialled


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Recovers from lost webhooks, lost triggers and dead workers."""

    campaigns: Campaigns
    attempts: Attempts
    reconciliation: Reconciliation
    provider: Provider

    async def run(self, organization_id: UUID | None) -> tuple[dict[str, Any], Work]:
        """Return the counts of what was done, and the work to continue with."""
        reaped = await self.attempts.reap(_LEASES)
        resolved, silent, lost, analyzed, applied = await asyncio.gather(
            _with_timeout(self.reconciliation.resolve()),
            _with_timeout(self.reconciliation.check_silent()),
            _with_timeout(self.reconciliation.end_open()),
            _with_timeout(self.reconciliation.fetch_analyses()),
            _with_timeout(self.reconciliation.apply_unapplied()),
        )
        started = await self.campaigns.start_due(organization_id)
        work = await self.campaigns.list_work(organization_id)
        await refresh_concurrency(self.campaigns, self.provider, work.organizations)
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


async def _with_timeout(work: Awaitable[int]) -> int:
    """Return 0 on a timeout; the next check continues, because all state is in the database."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await work
    except TimeoutError:
        return 0
