"""The platform that a project is hosted on: SUPABASE_PROFILE, as the Supabase CLI reads it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from edge.errors import EdgeError

# supabase/cli, internal/utils/profile.go
_KNOWN: Final = {
    "supabase": ("https://api.supabase.com", "supabase.co"),
    "supabase-staging": ("https://api.supabase.green", "supabase.red"),
    "supabase-local": ("http://localhost:8080", "supabase.red"),
    "snap": ("https://cloudapi.snap.com", "snapcloud.dev"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The Management API's URL, and the domain below which projects are."""

    api_url: str
    project_host: str


def read_profile(environ: Mapping[str, str]) -> Profile:
    """Return the profile that SUPABASE_PROFILE names, or reads from that file. Raises EdgeError."""
    name = environ.get("SUPABASE_PROFILE", "").strip() or "supabase"
    if known := _KNOWN.get(name.lower()):
        return Profile(*known)
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
        values: dict[str, Any] = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        profile = Profile(str(values["api_url"]).rstrip("/"), str(values["project_host"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise EdgeError(
            f"SUPABASE_PROFILE is {name}, which is no profile: {exc}",
            cure=f"Use one of {', '.join(_KNOWN)}, or a TOML or JSON file with api_url and "
            "project_host.",
        ) from exc
    parts = urlsplit(profile.api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EdgeError(f"{path}: api_url is not a URL: {profile.api_url}")
    return profile
