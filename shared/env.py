"""The platform's section of a function's environment: read once, typed, frozen.

A domain reads its own section: llm/env.py, telephony/env.py, talk_tracks/env.py.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, cast

from shared.errors import ConfigurationError

_UNKNOWN_FUNCTION: Final = "function"


@dataclass(frozen=True, slots=True)
class SupabaseEnv:
    """The project's URL and keys.

    `functions_url` is a template with {name}, set where functions have URLs of their own;
    `database_url` is empty where functions cannot connect to Postgres.
    """

    url: str
    publishable_keys: tuple[str, ...]
    secret_keys: tuple[str, ...]
    jwks: str
    functions_url: str = ""
    database_url: str = field(default="", repr=False)

    @property
    def publishable_key(self) -> str:
        """The key of role `anon`."""
        return _first(self.publishable_keys, "SUPABASE_PUBLISHABLE_KEYS or SUPABASE_ANON_KEY")

    @property
    def secret_key(self) -> str:
        """The key of role `service_role`, which bypasses row-level security."""
        return _first(self.secret_keys, "SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY")

    def function_url(self, name: str) -> str:
        """Return the URL of another function of this project."""
        template = self.functions_url or f"{self.url}/functions/v1/{{name}}"
        return template.replace("{name}", name)


@dataclass(frozen=True, slots=True)
class Env:
    """The function's name, its project, and the runtime's control channel."""

    function: str
    supabase: SupabaseEnv
    control_fd: int | None = None


def environment() -> Mapping[str, str]:
    """Return the variables of this process, for the sections that domains read themselves."""
    return os.environ


@cache
def current_env() -> Env:
    """Return the settings of this process."""
    return read_env(environment())


def read_env(values: Mapping[str, str]) -> Env:
    """Parse the variables. Raises ConfigurationError for keys that are not a JSON object."""
    return Env(
        function=(
            values.get("SUPABASE_FUNCTION_SLUG") or values.get("K_SERVICE") or _UNKNOWN_FUNCTION
        ),
        supabase=SupabaseEnv(
            url=_url(values),
            publishable_keys=_keys(values, "SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY"),
            secret_keys=_keys(values, "SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY"),
            jwks=values.get("SUPABASE_JWKS", ""),
            functions_url=values.get("EDGE_FUNCTIONS_URL", ""),
            database_url=values.get("SUPABASE_DB_URL", ""),
        ),
        control_fd=int(values["EDGE_CONTROL_FD"]) if "EDGE_CONTROL_FD" in values else None,
    )


def _url(values: Mapping[str, str]) -> str:
    """Return SUPABASE_URL, or that of the hosted project whose reference is given."""
    if url := values.get("SUPABASE_URL", "").rstrip("/"):
        return url
    ref = values.get("SUPABASE_PROJECT_REF", "").strip()
    return f"https://{ref}.supabase.co" if ref else ""


def _keys(values: Mapping[str, str], plural: str, legacy: str) -> tuple[str, ...]:
    """Return the named keys, `default` first, then the equivalent legacy JWT."""
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


def read_choice(values: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return one of `choices`, the first where it is not set. Raises ConfigurationError."""
    chosen = values.get(name) or choices[0]
    if chosen not in choices:
        raise ConfigurationError(f"{name} must be one of {', '.join(choices)}")
    return chosen


def _first(keys: tuple[str, ...], source: str) -> str:
    if not keys:
        raise ConfigurationError(f"{source} is not set")
    return keys[0]
