"""Has a campaign dial on at once when a call of it has ended."""

import sys
from functools import lru_cache
from typing import Final

from shared.database.clients import http_pool
from shared.env import SupabaseEnv

_DIALLER: Final = "campaign-trigger"


class BatchRequester:
    """Asks the dialler once at a time for each campaign: who comes meanwhile is served next."""

    def __init__(self, env: SupabaseEnv) -> None:
        self._env = env
        self._asked_again: dict[str, bool] = {}

    async def request(self, campaign_id: str) -> None:
        """Return when a batch was asked for after this moment, by us or another."""
        if campaign_id in self._asked_again:
            self._asked_again[campaign_id] = True
            return
        self._asked_again[campaign_id] = True
        try:
            while self._asked_again[campaign_id]:
                self._asked_again[campaign_id] = False
                await self._post(campaign_id)
        finally:
            del self._asked_again[campaign_id]

    async def _post(self, campaign_id: str) -> None:
        """A batch that cannot be asked for now is dialled by the check of the next minute."""
        import httpx

        key = self._env.secret_key
        try:
            url = self._env.function_url(_DIALLER)
            response = await http_pool(url).post(
                url,
                json={"action": "process_batch", "campaign_id": campaign_id},
                headers={"apikey": key, "authorization": f"Bearer {key}"},
            )
        except httpx.TransportError as exc:
            sys.stderr.write(f"{_DIALLER} cannot be reached: {exc!r}\n")
            return
        if response.is_error:
            sys.stderr.write(f"{_DIALLER} answered {response.status_code}: {response.text[:200]}\n")


@lru_cache(maxsize=1)
def batch_requester(env: SupabaseEnv) -> BatchRequester:
    """The process's own."""
    return BatchRequester(env)
