"""What a function that is deployed alone is told of its project, from its environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_PUBLISHABLE: Final = ("SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_ANON_KEY")
_SECRET: Final = ("SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`jwks` is empty where the key set is to be fetched; `trace_project` where there is none."""

    url: str
    publishable_keys: tuple[str, ...]
    secret_keys: tuple[str, ...]
    jwt_secret: str
    jwks: str
    trace_project: str

    @property
    def new_keys(self) -> frozenset[str]:
        """The keys that are no tokens, and so are known by their text."""
        keys = (*self.publishable_keys, *self.secret_keys)
        return frozenset(key for key in keys if key.startswith("sb_"))


def read_surroundings(values: Mapping[str, str] | None = None) -> Surroundings:
    """ValueError for keys that are not JSON: nothing would be let in, and nobody knew why."""
    values = os.environ if values is None else values  # noqa: TID251 - deployed alone, it has no other
    return Surroundings(
        url=values.get("SUPABASE_URL", "").rstrip("/"),
        publishable_keys=_keys(values, *_PUBLISHABLE),
        secret_keys=_keys(values, *_SECRET),
        jwt_secret=values.get("SUPABASE_JWT_SECRET", ""),
        jwks=values.get("SUPABASE_JWKS", ""),
        trace_project=values.get("GOOGLE_CLOUD_PROJECT", ""),
    )


def _keys(values: Mapping[str, str], plural: str, legacy: str) -> tuple[str, ...]:
    try:
        document: Any = json.loads(values.get(plural) or "{}")
        named = [str(key) for key in cast("dict[str, Any]", document).values()]
    except (ValueError, AttributeError) as exc:
        raise ValueError(f'{plural} is not a JSON object like {{"default": "sb_…"}}') from exc
    return tuple(key for key in (*named, values.get(legacy, "")) if key)
