"""The environment of a function deployed alone: its project's URL and keys."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_PUBLISHABLE: Final = ("SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY")
_SECRET: Final = ("SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY")


@dataclass(frozen=True, slots=True)
class StandaloneEnvironment:
    """`jwks` is empty if the key set must be fetched, `trace_project` if traces are not linked;
    `telemetry` are the OTEL_… variables."""

    url: str
    publishable_keys: tuple[str, ...]
    secret_keys: tuple[str, ...]
    jwt_secret: str
    jwks: str
    trace_project: str
    telemetry: Mapping[str, str]

    @property
    def new_keys(self) -> frozenset[str]:
        """The `sb_…` keys, which are compared as text, as they are not JWTs."""
        keys = (*self.publishable_keys, *self.secret_keys)
        return frozenset(key for key in keys if key.startswith("sb_"))


def read_environment(values: Mapping[str, str] | None = None) -> StandaloneEnvironment:
    """Read SUPABASE_* from `values`, by default the process environment.

    Raises ValueError if the keys are not valid JSON; otherwise every request would be rejected
    silently.
    """
    values = os.environ if values is None else values  # noqa: TID251 - deployed alone, it has no other source
    return StandaloneEnvironment(
        url=_url(values),
        publishable_keys=_keys(values, *_PUBLISHABLE),
        secret_keys=_keys(values, *_SECRET),
        jwt_secret=values.get("SUPABASE_JWT_SECRET", ""),
        jwks=values.get("SUPABASE_JWKS", ""),
        trace_project=values.get("GOOGLE_CLOUD_PROJECT", ""),
        telemetry={name: text for name, text in values.items() if name.startswith("OTEL_")},
    )


def _url(values: Mapping[str, str]) -> str:
    if url := values.get("SUPABASE_URL", "").rstrip("/"):
        return url
    reference = values.get("SUPABASE_PROJECT_REF", "").strip()
    return f"https://{reference}.supabase.co" if reference else ""


def _keys(values: Mapping[str, str], plural: str, legacy: str) -> tuple[str, ...]:
    try:
        document: Any = json.loads(values.get(plural) or "{}")
        named = [str(key) for key in cast("dict[str, Any]", document).values()]
    except (ValueError, AttributeError) as exc:
        raise ValueError(f'{plural} is not a JSON object like {{"default": "sb_…"}}') from exc
    return tuple(key for key in (*named, values.get(legacy, "")) if key)
