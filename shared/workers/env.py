"""The section of the environment for calls of workers.

WORKERS_ALLOW_PRIVATE, CHAT_WORKER_TIMEOUT_SECONDS, and the workers' keys.
"""

from collections.abc import Mapping
from typing import Final

from shared.env import SupabaseEnv, environment, read_number
from shared.http.fetch import FetchPolicy

_LOCAL: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_TRUE: Final = ("1", "true", "yes", "on")


def allows_private(env: SupabaseEnv) -> bool:
    """Return whether workers may have private addresses: by default, only on the local stack."""
    default = "true" if env.url.startswith(_LOCAL) else "false"
    return (environment().get("WORKERS_ALLOW_PRIVATE") or default).lower() in _TRUE


def call_policy(env: SupabaseEnv, *, seconds: float, max_bytes: int = 1 << 20) -> FetchPolicy:
    """Return the rules for a request to a worker."""
    allowed = allows_private(env)
    return FetchPolicy(allowed, allows_shared=allowed, max_bytes=max_bytes, seconds=seconds)


def read_chat_seconds(default: float) -> float:
    """Return how long chat workers may take for an answer, all that are asked together."""
    return read_number(environment(), "CHAT_WORKER_TIMEOUT_SECONDS", default)


def key_headers(key_secret: str | None) -> Mapping[str, str]:
    """Return the headers with a worker's key, none if it has none."""
    key = environment().get(key_secret) if key_secret else None
    return {"authorization": f"Bearer {key}"} if key else {}
