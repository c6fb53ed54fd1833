"""Which variables and secrets a function is given, and which it would miss."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edge.deploy.settings import Settings, is_credential

# The platform gives its functions these; here the operator does. One of each line is needed.
_PROJECT: Final = (
    ("SUPABASE_URL",),
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS"),
    ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEYS"),
)
# Without the first, tokens are verified by the keys that the project publishes.
_PROJECT_IF_THERE: Final = ("SUPABASE_JWT_SECRET", "SUPABASE_JWKS", "SUPABASE_DB_URL")


@dataclass(frozen=True, slots=True)
class Wiring:
    """`variables` by value, `secrets` by name; `missing` are needed and nowhere to be found."""

    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def wire(wanted: Collection[str], settings: Settings, held: frozenset[str] | None) -> Wiring:
    """What of the target's secrets goes to a function that names `wanted`.

    With `held` unknown, everything that is needed counts as being there.
    """
    given = settings.variables
    named = [name for name in wanted if name not in given]
    if held is None:
        needed = (alternatives[0] for alternatives in _PROJECT)
        secrets = {*(n for n in needed if n not in given), *filter(is_credential, named)}
        return Wiring(_variables(wanted, given), tuple(sorted(secrets - settings.optional_secrets)))
    known = {*held, *given}
    missing = [*_missing_of_project(known), *_missing_named(named, held, settings)]
    project = {name for names in (*_PROJECT, _PROJECT_IF_THERE) for name in names}
    secrets = sorted((project | set(named)) & (held - given.keys()))
    notes = _notes(known)
    return Wiring(_variables(wanted, given), tuple(secrets), tuple(missing), notes)


def _variables(wanted: Collection[str], given: Mapping[str, str]) -> dict[str, str]:
    """A function is told what it names, and where the project is."""
    project = {name for names in (*_PROJECT, _PROJECT_IF_THERE) for name in names}
    return {name: given[name] for name in sorted(given) if name in wanted or name in project}


def _missing_of_project(known: Collection[str]) -> Iterator[str]:
    for alternatives in _PROJECT:
        if not any(name in known for name in alternatives):
            yield alternatives[0]


def _missing_named(named: list[str], held: frozenset[str], settings: Settings) -> Iterator[str]:
    """Settings have defaults; credentials have none."""
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
