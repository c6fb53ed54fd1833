"""Request a campaign's next batch as soon as one of its calls has ended."""

import sys
from functools import lru_cache, partial
from typing import Final

from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.runtime.coalesced import Coalesced

_DIALLER: Final = "campaign-trigger"


class BatchRequester:
    """Requests the next batch of a campaign; requests during one are served by one further."""

    def __init__(self, env: SupabaseEnv) -> None:
        self._env = env
        self._requests = Coalesced()

    async def request(self, campaign_id: str) -> None:
        """Request a batch; while another request of the campaign runs, leave it to that one."""
        await self._requests.run(campaign_id, partial(self._post, campaign_id))

    async def _post(self, campaign_id: str) -> None:
        """Post the request; if it fails, the next minute's maintenance dials the batch."""
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
    """Return the requester of this process."""
    return BatchRequester(env)
