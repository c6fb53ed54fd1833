"""Decides which variables and secrets a deployed function gets, and which are missing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edge.deploy.settings import Settings, is_credential

# Set by the hosted platform, here by the operator. One of each line is required.
_PROJECT: Final = (
    ("SUPABASE_URL",),
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS"),
    ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEYS"),
)
# Optional. Without the first, tokens are verified with the project's published keys.
_PROJECT_IF_THERE: Final = (
    "SUPABASE_JWT_SECRET",
    "SUPABASE_JWKS",
    "SUPABASE_DB_URL",
    "OTEL_EXPORTER_OTLP_HEADERS",
)
_TELEMETRY: Final = "OTEL_"


@dataclass(frozen=True, slots=True)
class ServiceEnvironment:
    """`variables` by value, `secrets` by name; `missing` are required but not set anywhere."""

    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def resolve_environment(
    wanted: Collection[str], settings: Settings, held: frozenset[str] | None
) -> ServiceEnvironment:
    """Resolve the environment of a function whose function.toml lists `wanted`.

    `held` are the names of the target's secrets; if it is None, all required ones are assumed.
    """
    given = settings.variables
    named = [name for name in wanted if name not in given]
    if held is None:
        needed = (alternatives[0] for alternatives in _PROJECT)
        secrets = {*(n for n in needed if n not in given), *filter(is_credential, named)}
        return ServiceEnvironment(
            _variables(wanted, given), tuple(sorted(secrets - settings.optional_secrets))
        )
    known = {*held, *given}
    missing = [*_missing_of_project(known), *_missing_named(named, held, settings)]
    project = {name for names in (*_PROJECT, _PROJECT_IF_THERE) for name in names}
    secrets = sorted((project | set(named)) & (held - given.keys()))
    notes = _notes(known)
    return ServiceEnvironment(_variables(wanted, given), tuple(secrets), tuple(missing), notes)


def _variables(wanted: Collection[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the function lists, and the project's own."""
    project = {name for names in (*_PROJECT, _PROJECT_IF_THERE) for name in names}
    return {
        name: given[name]
        for name in sorted(given)
        if name in wanted or name in project or name.startswith(_TELEMETRY)
    }


def _missing_of_project(known: Collection[str]) -> Iterator[str]:
    for alternatives in _PROJECT:
        if not any(name in known for name in alternatives):
            yield alternatives[0]


def _missing_named(named: list[str], held: frozenset[str], settings: Settings) -> Iterator[str]:
    """Yield missing credentials; other settings have defaults."""
    for name in named:
        if name not in held and name not in settings.optional_secrets and is_credential(name):
            yield name


def _notes(known: Collection[str]) -> tuple[str, ...]:
    if "SUPABASE_JWT_SECRET" in known:
        return ()
    return (
        "SUPABASE_JWT_SECRET is not set: only tokens signed with the project's published keys "
        "pass verify_jwt, not its legacy anon and service_role keys.",
    )
