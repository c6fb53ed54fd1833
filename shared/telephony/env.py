"""The telephony section of the environment: RETELL_*."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.env import environment, read_number
from shared.errors import ConfigurationError

_TIMEOUT_SECONDS: Final = 10.0  # after a longer wait it is unknown whether the call was placed


@dataclass(frozen=True, slots=True)
class RetellEnv:
    """Retell's API and the verification of its webhooks.

    `allows_plain_signature` accepts a signature without a timestamp, for development only.
    """

    api_key: str
    base_url: str | None
    timeout: float
    webhook_secret: str
    allows_plain_signature: bool

    @property
    def webhook_key(self) -> str:
        """The key that webhooks are signed with: RETELL_WEBHOOK_SECRET or the API key."""
        key = self.webhook_secret or self.api_key
        if not key:
            raise ConfigurationError("RETELL_WEBHOOK_SECRET is not set, nor is RETELL_API_KEY")
        return key


@cache
def retell_env() -> RetellEnv:
    """Return the settings of this process."""
    return read_retell_env(environment())


def read_retell_env(values: Mapping[str, str]) -> RetellEnv:
    """Parse RETELL_*. Raises ConfigurationError for a timeout that is not a positive number."""
    return RetellEnv(
        api_key=values.get("RETELL_API_KEY", ""),  # no default: it verifies webhooks too
        base_url=values.get("RETELL_BASE_URL") or None,
        timeout=read_number(values, "RETELL_TIMEOUT_SECONDS", _TIMEOUT_SECONDS),
        webhook_secret=values.get("RETELL_WEBHOOK_SECRET", ""),
        allows_plain_signature=values.get("RETELL_ALLOW_PLAIN_SIGNATURE") == "true",
    )
