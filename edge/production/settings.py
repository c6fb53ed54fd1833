"""What a production instance is told, resolved once; it refuses to start half configured."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.environment import project_variables
from edge.project.hosted import Remote, with_published_keys
from edge.project.limits import LimitsMode
from edge.project.manifest import Function, discover
from edge.project.settings import Settings, load_settings

_NEEDED: Final = (
    ("SUPABASE_URL",),
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_PUBLISHABLE_KEYS"),
    ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_SECRET_KEYS"),
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One container or machine: its gateway processes share a port.

    `grace` is how many seconds requests under way are given at the end; `trace_project` the Google
    Cloud project that traces belong to; `key_seconds` after how many the project's key set is asked
    for again, None if the operator has given one.
    """

    settings: Settings
    processes: int
    grace: float
    trace_project: str = ""
    key_seconds: float | None = None

    @property
    def remote(self) -> Remote:
        assert self.settings.remote is not None, "load_production_settings sees to it"
        return self.settings.remote


def require_project(variables: Mapping[str, str]) -> None:
    """Raise an error that names all that is missing."""
    missing = [
        " or ".join(names) for names in _NEEDED if not any(variables.get(name) for name in names)
    ]
    if missing:
        raise EdgeError(
            f"In production the project must be told; not set: {'; '.join(missing)}.",
            cure="Set them in the environment, or in a file: --env-file PATH",
        )


def require_sound_functions(root: Path) -> dict[str, Function]:
    """The functions; none may have a function.toml that cannot be read."""
    functions = discover(root / "functions")
    if not functions:
        raise EdgeError(
            f"There is no function in {root.resolve() / 'functions'}.",
            cure="Name the project by --workdir DIR",
        )
    faults = [function.fault for function in functions.values() if function.fault]
    if faults:
        raise EdgeError("\n".join(faults))
    return functions


def load_production_settings(
    root: Path, *, port: int, host: str, env_file: Path | None
) -> Settings:
    """The settings of an instance: a real project, no stand-ins, no reload, hosted limits."""
    variables = project_variables(env_file=env_file)
    require_project(variables)
    functions = require_sound_functions(root).values()
    wanted = tuple(sorted({name for f in functions for name in f.manifest.secrets}))
    settings = load_settings(root, port=port, env_file=env_file, secret_names=wanted)
    if settings.remote is None:
        raise EdgeError(
            f"SUPABASE_URL is this instance itself: port {port} of this machine.",
            cure="Set SUPABASE_URL to the project, or choose another --port.",
        )
    # The well-known local secret must open nothing here.
    secret = variables.get("SUPABASE_JWT_SECRET") or secrets.token_urlsafe(48)
    return replace(
        settings,
        host=host,
        remote=replace(settings.remote, jwt_secret=secret),
        limits=LimitsMode.HOSTED.value,
        reload=False,
        stand_ins=False,
        database=False,
    )


def with_keys(settings: Settings, *, has_secret: bool) -> Settings:
    """The same with the keys that the project publishes, if none were given."""
    assert settings.remote is not None
    remote = with_published_keys(settings.remote)
    public = [
        key
        for key in json.loads(remote.variables.get("SUPABASE_JWKS") or '{"keys": []}')["keys"]
        if key.get("kty") in {"EC", "RSA"}
    ]
    if not public and not has_secret:
        raise EdgeError(
            "There is nothing to verify tokens with: the project publishes no public key.",
            cure="Set SUPABASE_JWT_SECRET, or SUPABASE_JWKS.",
        )
    return replace(settings, remote=remote)
