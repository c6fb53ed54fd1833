"""Keeps dialling a campaign after the response while contacts are due and limits allow."""

import asyncio
from typing import Final

from shared.runtime.coalesced import Coalesced

from .dialler import Dialler

_SECONDS: Final = 60.0  # then webhooks of ended calls and the next schedule_check continue
_BATCH: Final = 20
_SHORTEST_WAIT: Final = 0.05


class DialLoop:
    """One loop at a time per campaign; a request during it causes one more."""

    def __init__(self) -> None:
        self._runs = Coalesced()

    async def run(self, dialler: Dialler, campaign_id: str) -> None:
        """Dial until nothing is due, a call must end first, the provider fails, or time is up."""
        await self._runs.run(campaign_id, lambda: _dial_while_due(dialler, campaign_id))


dial_loop: Final = DialLoop()
"""The loop of this process."""


async def _dial_while_due(dialler: Dialler, campaign_id: str) -> None:
    clock = asyncio.get_running_loop().time
    ends_at = clock() + _SECONDS
    while clock() < ends_at:
        batch = await dialler.dial_batch(campaign_id, _BATCH)
        if batch.has_provider_failures:
            return
        if batch.claimed:
            continue
        wait_ms = await dialler.attempts.next_dial_in(campaign_id)
        if wait_ms is None or clock() + wait_ms / 1000 > ends_at:
            return
        await asyncio.sleep(max(wait_ms / 1000, _SHORTEST_WAIT))
