"""Runs a queue's scripts on a Redis or Valkey server, with redis-py."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.errors import UnavailableError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 10
_CONNECTIONS: Final = 50


@dataclass(slots=True)
class RedisRunner:
    """`url` as redis-py reads it: redis://, rediss:// or unix://."""

    url: str
    _client: "Redis | None" = field(default=None, init=False)

    async def run(self, script: str, key: str, arguments: Sequence[str]) -> Any:
        """Run a script, by its digest if the server knows it."""
        from redis.exceptions import ConnectionError, NoScriptError, TimeoutError

        client: Any = self._connect()
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            try:
                return await client.evalsha(digest, 1, key, *arguments)
            except NoScriptError:
                return await client.eval(script, 1, key, *arguments)
        except (ConnectionError, TimeoutError, OSError) as exc:
            raise queue_unavailable() from exc

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def _connect(self) -> "Redis":
        if self._client is None:
            from redis.asyncio import BlockingConnectionPool, Redis

            pool: Any = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
                self.url,
                max_connections=_CONNECTIONS,
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_timeout=_ANSWER_SECONDS,
            )
            self._client = Redis.from_pool(pool)  # which it closes
        return self._client


def queue_unavailable() -> UnavailableError:
    """Build the error for a queue that cannot be reached."""
    return UnavailableError(
        "The queue cannot be reached just now.",
        code="QUEUE_UNAVAILABLE",
        headers={"Retry-After": "1"},
    )
