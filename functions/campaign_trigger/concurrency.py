"""Updates the concurrency limits of organizations from the provider's account."""

from collections.abc import Sequence

from .campaigns import Campaigns
from .provider import Provider, ProviderError


async def refresh_concurrency(
    campaigns: Campaigns, provider: Provider, organizations: Sequence[str]
) -> None:
    """Store the provider's limits for these organizations; keep the old ones if it fails."""
    if not organizations:
        return
    try:
        found = await provider.fetch_concurrency()
    except ProviderError:
        return
    if found.concurrency_limit is None:
        return
    for organization_id in organizations:
        await campaigns.refresh_concurrency(
            organization_id,
            found.concurrency_limit,
            found.reserved_inbound_concurrency or 0,
            found.current_concurrency or 0,
        )
