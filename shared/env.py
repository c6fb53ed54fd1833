"""The environment of a function, from the platform and the operator: read once, typed, frozen."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, cast

from shared.errors import ConfigurationError

_OPENAI_MODEL: Final = "gpt-5.6-luna"
_EMBEDDING_MODEL: Final = "text-embedding-3-small"
_ANTHROPIC_MODEL: Final = "claude-sonnet-5-5"
_PROVIDER_TIMEOUT: Final = 110.0  # seconds a call, and never more than the request has left
_RETELL_TIMEOUT: Final = 10.0  # later it is unknown whether the call was placed
_UNKNOWN_FUNCTION: Final = "function"


@dataclass(frozen=True, slots=True)
class SupabaseEnv:
    """Where the project is, and every key that it accepts.

    `functions_url` has a {name} in it, where no gateway of the project leads to its functions;
    `database_url` is empty where Postgres is not for functions to connect to.
    """

    url: str
    publishable_keys: tuple[str, ...]
    secret_keys: tuple[str, ...]
    jwks: str
    functions_url: str = ""
    database_url: str = field(default="", repr=False)

    @property
    def publishable_key(self) -> str:
        """The key that carries no rights of its own."""
        return _first(self.publishable_keys, "SUPABASE_PUBLISHABLE_KEYS or SUPABASE_ANON_KEY")

    @property
    def secret_key(self) -> str:
        """The key that passes row security."""
        return _first(self.secret_keys, "SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY")

    def function_url(self, name: str) -> str:
        """Where a function of this project is called by another."""
        template = self.functions_url or f"{self.url}/functions/v1/{{name}}"
        return template.replace("{name}", name)


@dataclass(frozen=True, slots=True)
class ProviderEnv:
    """How to reach one provider of models. Hashable: clients are cached by it."""

    api_key: str
    base_url: str | None
    timeout: float


@dataclass(frozen=True, slots=True)
class OpenAIEnv:
    """OpenAI, or a server that speaks like it; `mode` is the API asked for structured answers."""

    provider: ProviderEnv
    model: str
    embedding_model: str
    mode: str


@dataclass(frozen=True, slots=True)
class AnthropicEnv:
    """Anthropic, or a server that speaks like it."""

    provider: ProviderEnv
    model: str


@dataclass(frozen=True, slots=True)
class RetellEnv:
    """The telephone provider; `allows_plain_signature` is for development alone."""

    provider: ProviderEnv
    webhook_secret: str
    allows_plain_signature: bool

    @property
    def webhook_key(self) -> str:
        """What webhooks are signed with: a secret of their own, or the API key."""
        key = self.webhook_secret or self.provider.api_key
        if not key:
            raise ConfigurationError("RETELL_WEBHOOK_SECRET is not set, nor is RETELL_API_KEY")
        return key


@dataclass(frozen=True, slots=True)
class Env:
    """Everything a function may know about its surroundings."""

    function: str
    supabase: SupabaseEnv
    openai: OpenAIEnv
    anthropic: AnthropicEnv
    retell: RetellEnv
    analysis_token_budget: int
    control_fd: int | None = None


def environment() -> Mapping[str, str]:
    """Return the variables of this process, for the sections that domains read themselves."""
    return os.environ


@cache
def current_env() -> Env:
    """The process's own environment."""
    return read_env(environment())


def read_env(values: Mapping[str, str]) -> Env:
    """The record that `values` make; only what cannot be understood is an error here."""
    return Env(
        function=(
            values.get("SUPABASE_FUNCTION_SLUG") or values.get("K_SERVICE") or _UNKNOWN_FUNCTION
        ),
        supabase=SupabaseEnv(
            url=values.get("SUPABASE_URL", "").rstrip("/"),
            publishable_keys=_keys(values, "SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY"),
            secret_keys=_keys(values, "SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY"),
            jwks=values.get("SUPABASE_JWKS", ""),
            functions_url=values.get("EDGE_FUNCTIONS_URL", ""),
            database_url=values.get("SUPABASE_DB_URL", ""),
        ),
        openai=OpenAIEnv(
            provider=_provider(values, "OPENAI"),
            model=values.get("OPENAI_MODEL") or _OPENAI_MODEL,
            embedding_model=values.get("OPENAI_EMBEDDING_MODEL") or _EMBEDDING_MODEL,
            mode=_choice(values, "OPENAI_API_MODE", ("responses", "chat")),
        ),
        anthropic=AnthropicEnv(
            provider=_provider(values, "ANTHROPIC"),
            model=values.get("ANTHROPIC_MODEL") or _ANTHROPIC_MODEL,
        ),
        retell=RetellEnv(
            provider=ProviderEnv(
                api_key=values.get("RETELL_API_KEY", ""),  # verifies webhooks too: never made up
                base_url=values.get("RETELL_BASE_URL") or None,
                timeout=read_number(values, "RETELL_TIMEOUT_SECONDS", _RETELL_TIMEOUT),
            ),
            webhook_secret=values.get("RETELL_WEBHOOK_SECRET", ""),
            allows_plain_signature=values.get("RETELL_ALLOW_PLAIN_SIGNATURE") == "true",
        ),
        analysis_token_budget=int(read_number(values, "ANALYSIS_TOKEN_BUDGET", 100_000)),
        control_fd=int(values["EDGE_CONTROL_FD"]) if "EDGE_CONTROL_FD" in values else None,
    )


def _provider(values: Mapping[str, str], name: str) -> ProviderEnv:
    base_url = values.get(f"{name}_BASE_URL") or None
    return ProviderEnv(
        # A server of one's own often wants no key; the SDKs insist on some text.
        api_key=values.get(f"{name}_API_KEY") or ("none" if base_url else ""),
        base_url=base_url,
        timeout=read_number(values, f"{name}_TIMEOUT_SECONDS", _PROVIDER_TIMEOUT),
    )


def _keys(values: Mapping[str, str], plural: str, legacy: str) -> tuple[str, ...]:
    """The named keys, `default` first, then the legacy JWT that means the same."""
    try:
        named = cast("dict[str, str]", json.loads(values.get(plural) or "{}"))
        pairs = sorted(named.items(), key=lambda pair: pair[0] != "default")
        keys = [str(key) for _, key in pairs]
    except (ValueError, AttributeError) as exc:
        raise ConfigurationError(
            f'{plural} is not a JSON object like {{"default": "sb_…"}}'
        ) from exc
    return tuple(key for key in (*keys, values.get(legacy, "")) if key)


def read_number(values: Mapping[str, str], name: str, default: float) -> float:
    """Parse a positive number. Raises ConfigurationError."""
    try:
        number = float(values.get(name) or default)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise ConfigurationError(f"{name} must be a positive number")
    return number


def _choice(values: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = values.get(name) or choices[0]
    if chosen not in choices:
        raise ConfigurationError(f"{name} must be one of {', '.join(choices)}")
    return chosen


def _first(keys: tuple[str, ...], source: str) -> str:
    if not keys:
        raise ConfigurationError(f"{source} is not set")
    return keys[0]
