"""Settings of a production instance, resolved once; incomplete ones are refused at start."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.environment import project_variables
from edge.project.hosted import HostedProject, with_published_keys
from edge.project.layout import find_functions
from edge.project.limits import LimitsMode
from edge.project.manifest import Function, discover
from edge.project.settings import Settings, load_settings
from edge.telemetry.settings import TelemetrySettings, read_telemetry

_NEEDED: Final = (
    ("SUPABASE_URL", "SUPABASE_PROJECT_REF"),
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_PUBLISHABLE_KEYS"),
    ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_SECRET_KEYS"),
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One container or machine: its gateway processes share a port.

    `grace` is the time in seconds that requests in flight have to finish at shutdown;
    `trace_project` the Google Cloud project of traces; `key_seconds` the interval at which the
    project's JWKS is fetched again, None if SUPABASE_JWKS is set. With `has_front` the project's
    services are served as well, by passing requests on. `telemetry` is where traces and metrics
    are sent, None if nowhere.
    """

    settings: Settings
    processes: int
    grace: float
    trace_project: str = ""
    key_seconds: float | None = None
    has_front: bool = False
    telemetry: TelemetrySettings | None = None

    @property
    def hosted(self) -> HostedProject:
        assert self.settings.hosted is not None, "load_production_settings sets it"
        return self.settings.hosted


def require_project(variables: Mapping[str, str]) -> None:
    """Raise EdgeError with the names of all missing variables."""
    missing = [
        " or ".join(names) for names in _NEEDED if not any(variables.get(name) for name in names)
    ]
    if missing:
        raise EdgeError(
            f"Production needs a hosted project; not set: {'; '.join(missing)}.",
            cure="Set them in the environment, or in a file: --env-file PATH",
        )


def require_sound_functions(root: Path) -> dict[str, Function]:
    """Return the functions by slug. Raises EdgeError for none or a faulty function.toml."""
    folder = find_functions(root.resolve())
    functions = discover(folder)
    if not functions:
        raise EdgeError(
            f"There is no function in {folder}.",
            cure="Name the project by --workdir DIR",
        )
    faults = [function.fault for function in functions.values() if function.fault]
    if faults:
        raise EdgeError("\n".join(faults))
    return functions


def load_production_settings(
    root: Path, *, port: int, host: str, env_file: Path | None
) -> Settings:
    """Settings of an instance: a hosted project and its limits; no emulation, no reload."""
    variables = project_variables(env_file=env_file)
    require_project(variables)
    functions = require_sound_functions(root).values()
    wanted = tuple(sorted({name for f in functions for name in f.manifest.secrets}))
    settings = load_settings(root, port=port, env_file=env_file, secret_names=wanted)
    if settings.hosted is None:
        raise EdgeError(
            f"SUPABASE_URL is this instance itself: port {port} of this machine.",
            cure="Set SUPABASE_URL to the project, or choose another --port.",
        )
    # The well-known local secret must not be valid here.
    secret = variables.get("SUPABASE_JWT_SECRET") or secrets.token_urlsafe(48)
    return replace(
        settings,
        host=host,
        jwt_secret=secret,
        hosted=replace(settings.hosted, jwt_secret=secret),
        limits=LimitsMode.HOSTED.value,
        reload=False,
        emulates_providers=False,
        database=False,
    )


def require_telemetry(variables: Mapping[str, str]) -> TelemetrySettings | None:
    """Return where traces and metrics are sent. Raises EdgeError for faulty OTEL_… variables."""
    try:
        return read_telemetry(variables, "edge-functions")
    except ValueError as exc:
        raise EdgeError(str(exc)) from exc


def with_keys(settings: Settings, *, has_secret: bool) -> Settings:
    """Fetch the project's JWKS unless it is set. Raises EdgeError if no key can verify tokens."""
    assert settings.hosted is not None
    hosted = with_published_keys(settings.hosted)
    public = [
        key
        for key in json.loads(hosted.variables.get("SUPABASE_JWKS") or '{"keys": []}')["keys"]
        if key.get("kty") in {"EC", "RSA"}
    ]
    if not public and not has_secret:
        raise EdgeError(
            "There is nothing to verify tokens with: the project publishes no public key.",
            cure="Set SUPABASE_JWT_SECRET, or SUPABASE_JWKS.",
        )
    return replace(settings, hosted=hosted)
