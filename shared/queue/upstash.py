"""Runs a queue's scripts by Upstash's REST API, https://upstash.com/docs/redis/features/restapi."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.errors import ConfigurationError
from shared.queue.redis import queue_unavailable


@dataclass(frozen=True, slots=True)
class UpstashRunner:
    """UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN."""

    url: str
    token: str

    async def run(self, script: str, key: str, arguments: Sequence[str]) -> Any:
        """Run a script by EVAL."""
        import httpx

        command = ["EVAL", script, "1", key, *arguments]
        try:
            response = await http_pool(self.url).post(
                self.url, json=command, headers={"authorization": f"Bearer {self.token}"}
            )
            answer: Any = from_json(response.content)
        except (httpx.TransportError, ValueError) as exc:
            raise queue_unavailable() from exc
        if response.status_code in (401, 403):
            raise ConfigurationError("UPSTASH_REDIS_REST_TOKEN was refused")
        if response.status_code != 200:
            raise queue_unavailable()
        return answer["result"]

    async def close(self) -> None:
        """Do nothing: the connections are the process's."""
