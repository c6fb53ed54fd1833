"""The sections of the environment for providers of models: OPENAI_* and ANTHROPIC_*."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.env import environment, read_choice, read_number

_OPENAI_MODEL: Final = "gpt-5.6-luna"
_EMBEDDING_MODEL: Final = "text-embedding-3-small"
_ANTHROPIC_MODEL: Final = "claude-sonnet-5-5"
_TIMEOUT_SECONDS: Final = 110.0


@dataclass(frozen=True, slots=True)
class ProviderEnv:
    """Key, base URL and seconds a call may take. Hashable: clients are cached by it."""

    api_key: str
    base_url: str | None
    timeout: float


@dataclass(frozen=True, slots=True)
class OpenAIEnv:
    """OpenAI or a compatible server; `mode` is the API for structured output: responses or chat."""

    provider: ProviderEnv
    model: str
    embedding_model: str
    mode: str


@dataclass(frozen=True, slots=True)
class AnthropicEnv:
    """Anthropic or a compatible server."""

    provider: ProviderEnv
    model: str


@cache
def openai_env() -> OpenAIEnv:
    """Return OpenAI's settings of this process."""
    return read_openai_env(environment())


@cache
def anthropic_env() -> AnthropicEnv:
    """Return Anthropic's settings of this process."""
    return read_anthropic_env(environment())


def read_openai_env(values: Mapping[str, str]) -> OpenAIEnv:
    """Parse OPENAI_*. Raises ConfigurationError."""
    return OpenAIEnv(
        provider=_read_provider(values, "OPENAI"),
        model=values.get("OPENAI_MODEL") or _OPENAI_MODEL,
        embedding_model=values.get("OPENAI_EMBEDDING_MODEL") or _EMBEDDING_MODEL,
        mode=read_choice(values, "OPENAI_API_MODE", ("responses", "chat")),
    )


def read_anthropic_env(values: Mapping[str, str]) -> AnthropicEnv:
    """Parse ANTHROPIC_*. Raises ConfigurationError."""
    return AnthropicEnv(
        provider=_read_provider(values, "ANTHROPIC"),
        model=values.get("ANTHROPIC_MODEL") or _ANTHROPIC_MODEL,
    )


def _read_provider(values: Mapping[str, str], name: str) -> ProviderEnv:
    base_url = values.get(f"{name}_BASE_URL") or None
    return ProviderEnv(
        # A compatible server often needs no key, but the SDKs require some text.
        api_key=values.get(f"{name}_API_KEY") or ("none" if base_url else ""),
        base_url=base_url,
        timeout=read_number(values, f"{name}_TIMEOUT_SECONDS", _TIMEOUT_SECONDS),
    )
