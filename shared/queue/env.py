"""Which queue holds the messages: QUEUE_URL, UPSTASH_REDIS_REST_URL, else Postgres by pgmq."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from shared.env import environment
from shared.errors import UnavailableError

_SCHEMES: Final = ("redis", "rediss", "unix", "valkey", "valkeys")


@dataclass(frozen=True, slots=True)
class QueueEnv:
    """Both URLs are empty for pgmq."""

    redis_url: str = ""
    upstash_url: str = ""
    upstash_token: str = field(default="", repr=False)

    @property
    def is_external(self) -> bool:
        """Return whether messages are kept outside of Postgres."""
        return bool(self.redis_url or self.upstash_url)


@cache
def queue_env() -> QueueEnv:
    """Return the settings of this process."""
    return read_queue_env(environment())


def read_queue_env(values: Mapping[str, str]) -> QueueEnv:
    """Parse the settings. Raises UnavailableError QUEUE_NOT_CONFIGURED if they lead nowhere."""
    url = values.get("QUEUE_URL", "").strip()
    upstash = values.get("UPSTASH_REDIS_REST_URL", "").strip().rstrip("/")
    token = values.get("UPSTASH_REDIS_REST_TOKEN", "").strip()
    if url and url != "pgmq":
        scheme, separator, rest = url.partition("://")
        if scheme not in _SCHEMES or not separator:
            raise _not_configured("QUEUE_URL must be pgmq or begin with redis://, rediss://")
        return QueueEnv(redis_url=f"{scheme.replace('valkey', 'redis')}://{rest}")
    if upstash and not url:
        if not token:
            raise _not_configured("UPSTASH_REDIS_REST_TOKEN is not set")
        if not upstash.startswith(("http://", "https://")):
            raise _not_configured("UPSTASH_REDIS_REST_URL must begin with https://")
        return QueueEnv(upstash_url=upstash, upstash_token=token)
    return QueueEnv()


def _not_configured(problem: str) -> UnavailableError:
    return UnavailableError(f"The queue is not set up: {problem}.", code="QUEUE_NOT_CONFIGURED")
