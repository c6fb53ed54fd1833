"""The Replicate section of the environment: REPLICATE_*."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from shared.env import environment
from shared.errors import UnavailableError

_API: Final = "https://api.replicate.com"


@dataclass(frozen=True, slots=True)
class ReplicateEnv:
    """The token, the API's URL and the secrets that webhooks are signed with."""

    token: str = field(repr=False)
    base_url: str
    webhook_secrets: tuple[str, ...] = field(repr=False)

    def require_token(self) -> str:
        """Return the token. Raises UnavailableError PROVIDER_NOT_CONFIGURED."""
        if self.token:
            return self.token
        raise UnavailableError(
            "REPLICATE_API_TOKEN is not set: edge secrets set REPLICATE_API_TOKEN=…",
            code="PROVIDER_NOT_CONFIGURED",
        )


@cache
def replicate_env() -> ReplicateEnv:
    """Return the settings of this process."""
    return read_replicate_env(environment())


def read_replicate_env(values: Mapping[str, str]) -> ReplicateEnv:
    """Parse the settings; several secrets, while one is changed, are separated by spaces."""
    return ReplicateEnv(
        token=values.get("REPLICATE_API_TOKEN", ""),
        base_url=(values.get("REPLICATE_BASE_URL") or _API).rstrip("/"),
        webhook_secrets=tuple(values.get("REPLICATE_WEBHOOK_SECRET", "").split()),
    )
