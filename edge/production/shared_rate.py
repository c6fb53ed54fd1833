"""A rate limit shared by all instances: a token bucket in the project's Postgres.

It never fails a request: while the database is unreachable, each process counts for itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx

_TIMEOUT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0


@dataclass(slots=True)
class SharedRate:
    """The limit of the project at URL `project`; `log` gets a message if it cannot be shared."""

    project: str
    key: str
    log: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _client: httpx.AsyncClient = field(init=False)
    _retries_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{self.project}/rest/v1/rpc",
            headers={"apikey": self.key, "authorization": f"Bearer {self.key}"},
            timeout=_TIMEOUT_SECONDS,
        )

    async def __call__(self, slug: str, rate: float) -> float:
        """Take a token: 0.0 if the request may pass, else the seconds to wait."""
        if self.clock() < self._retries_at:
            return 0.0
        try:
            reply = await self._client.post(
                "/consume_rate_token_v1", json={"p_function": slug, "p_rate": rate}
            )
            return float(reply.raise_for_status().json())
        except (httpx.HTTPError, ValueError, TypeError) as exc:
            self._retries_at = self.clock() + _PAUSE_SECONDS
            self.log(f"Rate limits are counted by each process alone: {exc!r}")
            return 0.0

    async def close(self) -> None:
        await self._client.aclose()
