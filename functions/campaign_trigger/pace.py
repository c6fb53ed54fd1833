"""How many calls there may be at once, by the provider's own account."""

from collections.abc import Sequence

from .campaigns import Campaigns
from .provider import Provider, ProviderError


async def refresh_pace(
    campaigns: Campaigns, provider: Provider, organizations: Sequence[str]
) -> None:
    """Take it over for these organizations; without an answer the limits stay what they were."""
    if not organizations:
        return
    try:
        found = await provider.fetch_concurrency()
    except ProviderError:
        return
    if found.concurrency_limit is None:
        return
    for organization_id in organizations:
        await campaigns.refresh_pace(
            organization_id,
            found.concurrency_limit,
            found.reserved_inbound_concurrency or 0,
            found.current_concurrency or 0,
        )
