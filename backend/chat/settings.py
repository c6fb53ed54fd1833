"""Settings of the chat backend, read once from the environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

DEFAULT_PORT: Final = 8000


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`api_url` and `key` reach the project; `database_url` is postgres:// or sqlite:///FILE.

    `redis_url` is empty where instances share rooms through Postgres, or there is one only.
    `cors_origins` are allowed beside pages of this machine; "*" allows every page.
    """

    api_url: str
    key: str = field(repr=False)
    database_url: str = field(repr=False)
    redis_url: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    require_auth: bool = False
    cors_origins: tuple[str, ...] = ()


def read_settings(found: Mapping[str, str]) -> Settings:
    """Parse the variables. Raises SettingsError.

    SUPABASE_URL, or SUPABASE_PROJECT_REF as in https://REF.supabase.co; SUPABASE_SECRET_KEYS,
    SUPABASE_SERVICE_ROLE_KEY or SUPABASE_ANON_KEY; CHAT_DATABASE_URL or SUPABASE_DB_URL;
    REDIS_URL; PORT, HOST; CHAT_REQUIRE_AUTH=1; CHAT_CORS_ORIGINS, separated by commas.
    """
    database_url = found.get("CHAT_DATABASE_URL") or found.get("SUPABASE_DB_URL", "")
    if not database_url:
        raise SettingsError(
            "No database for sessions: set SUPABASE_DB_URL, or CHAT_DATABASE_URL=sqlite:///FILE."
        )
    return Settings(
        api_url=_api_url(found),
        key=_key(found),
        database_url=database_url,
        redis_url=found.get("REDIS_URL", ""),
        host=found.get("HOST") or "127.0.0.1",
        port=_port(found.get("PORT", "")),
        require_auth=found.get("CHAT_REQUIRE_AUTH", "") in {"1", "true", "yes"},
        cors_origins=tuple(
            origin.strip()
            for origin in found.get("CHAT_CORS_ORIGINS", "").split(",")
            if origin.strip()
        ),
    )


def _api_url(values: Mapping[str, str]) -> str:
    if url := values.get("SUPABASE_URL", "").rstrip("/"):
        return url
    if ref := values.get("SUPABASE_PROJECT_REF", "").strip():
        return f"https://{ref}.supabase.co"
    raise SettingsError("No project: set SUPABASE_URL or SUPABASE_PROJECT_REF.")


def _key(values: Mapping[str, str]) -> str:
    keys = values.get("SUPABASE_SECRET_KEYS", "")
    try:
        parsed: object = json.loads(keys) if keys else None
    except ValueError as exc:
        raise SettingsError(
            'SUPABASE_SECRET_KEYS must be JSON: {"default": "sb_secret_…"}.'
        ) from exc
    if isinstance(parsed, dict) and parsed:
        named = cast("dict[str, str]", parsed)
        return named.get("default") or next(iter(named.values()))
    key = values.get("SUPABASE_SERVICE_ROLE_KEY") or values.get("SUPABASE_ANON_KEY")
    if not key:
        raise SettingsError(
            "No key: set SUPABASE_SECRET_KEYS, SUPABASE_SERVICE_ROLE_KEY or SUPABASE_ANON_KEY."
        )
    return key


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or not 0 <= int(text) < 1 << 16:
        raise SettingsError(f"PORT must be a number below 65536: {text[:20]!r}.")
    return int(text)
