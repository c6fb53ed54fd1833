"""The model and telephony providers that the stack can emulate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Lets a webhook take its secret itself as the signature: for the emulated account only.
_PLAIN_SIGNATURE: Final = "RETELL_ALLOW_PLAIN_SIGNATURE"
_REPLICATE_SECRET: Final = "REPLICATE_WEBHOOK_SECRET"  # noqa: S105 - its name
REPLICATE_WEBHOOK_SECRET: Final = "whsec_bG9jYWwtcmVwbGljYXRlLXdlYmhvb2stc2VjcmV0"  # noqa: S105
"""What the emulated Replicate signs its webhooks with, unless REPLICATE_WEBHOOK_SECRET is set."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that is emulated at `local_path` of the gateway, until a key or URL is set."""

    name: str
    key: str
    base_url: str
    local_path: str

    def is_real(self, secrets: Mapping[str, str]) -> bool:
        """Return whether a key or a URL is set for the provider."""
        return bool(secrets.get(self.key) or secrets.get(self.base_url))

    def emulated_variables(self, secrets: Mapping[str, str], api_url: str) -> dict[str, str]:
        """Return the variables that point a function to the emulated provider, if it is one."""
        if self.is_real(secrets):
            return {}
        variables = {self.base_url: api_url + self.local_path}
        if self.key == "RETELL_API_KEY":
            variables[_PLAIN_SIGNATURE] = secrets.get(_PLAIN_SIGNATURE, "true")
        if self.key == "REPLICATE_API_TOKEN":
            given = secrets.get(_REPLICATE_SECRET)
            variables[_REPLICATE_SECRET] = given or REPLICATE_WEBHOOK_SECRET
        return variables


PROVIDERS: Final = (
    Provider("OpenAI", "OPENAI_API_KEY", "OPENAI_BASE_URL", "/providers/openai/v1"),
    Provider("Anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "/providers/anthropic"),
    Provider("Retell", "RETELL_API_KEY", "RETELL_BASE_URL", "/providers/retell"),
    Provider("Replicate", "REPLICATE_API_TOKEN", "REPLICATE_BASE_URL", "/providers/replicate"),
)
