"""Goes on with a campaign after the answer, while its pace allows and contacts are due."""

import asyncio
from typing import Final

from .dialler import Dialler

_SECONDS: Final = 60.0  # then the webhooks of ended calls and the check of the next minute go on
_BATCH: Final = 20
_SHORTEST_WAIT: Final = 0.05


class Pursuit:
    """One run at a time for each campaign; who asks meanwhile has it run once more."""

    def __init__(self) -> None:
        self._asked_again: dict[str, bool] = {}

    async def go_on(self, dialler: Dialler, campaign_id: str) -> None:
        """Dial until nothing is due, a call must end first, something is wrong, or time is up."""
        if campaign_id in self._asked_again:
            self._asked_again[campaign_id] = True
            return
        self._asked_again[campaign_id] = True
        try:
            while self._asked_again[campaign_id]:
                self._asked_again[campaign_id] = False
                await _dial_while_due(dialler, campaign_id)
        finally:
            del self._asked_again[campaign_id]


pursuit: Final = Pursuit()
"""The process's own."""


async def _dial_while_due(dialler: Dialler, campaign_id: str) -> None:
    clock = asyncio.get_running_loop().time
    ends_at = clock() + _SECONDS
    while clock() < ends_at:
        batch = await dialler.dial_batch(campaign_id, _BATCH)
        if batch.is_disturbed:
            return
        if batch.claimed:
            continue
        wait_ms = await dialler.attempts.next_dial_in(campaign_id)
        if wait_ms is None or clock() + wait_ms / 1000 > ends_at:
            return
        await asyncio.sleep(max(wait_ms / 1000, _SHORTEST_WAIT))
