"""A hosted Supabase project, described by the SUPABASE_* variables."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from edge.errors import EdgeError

LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1", "0.0.0.0"))  # noqa: S104 - no listener
_TIMEOUT_SECONDS: Final = 5.0
_FOR_FUNCTIONS: Final = (
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_DB_URL",
    "SUPABASE_PUBLISHABLE_KEYS",
    "SUPABASE_SECRET_KEYS",
    "SUPABASE_JWKS",
)
_SINGULAR: Final = {
    "SUPABASE_PUBLISHABLE_KEY": "SUPABASE_PUBLISHABLE_KEYS",
    "SUPABASE_SECRET_KEY": "SUPABASE_SECRET_KEYS",
}
_ANY_KEY: Final = ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS")


@dataclass(frozen=True, slots=True)
class HostedProject:
    """The project's URL; `variables` are the SUPABASE_* variables of its functions."""

    url: str
    variables: Mapping[str, str]
    jwt_secret: str

    @property
    def jwks_url(self) -> str:
        """The URL of the JWKS document that its tokens are verified with."""
        return f"{self.url}/auth/v1/.well-known/jwks.json"

    def key(self, plural: str, legacy: str) -> str | None:
        """Return the default key in the variable `plural`, or the equivalent `legacy` key."""
        named = _parse_keys(plural, self.variables.get(plural) or "{}")
        return named.get("default") or next(iter(named.values()), self.variables.get(legacy))


def find_hosted_project(
    variables: Mapping[str, str], *, port: int, local_secret: str
) -> HostedProject | None:
    """Return the project at SUPABASE_URL, or of SUPABASE_PROJECT_REF if there is a key as well.

    None if neither is set, or it is the local stack at `port`.

    Raises EdgeError for an invalid URL, or if no key is set.
    """
    url = variables.get("SUPABASE_URL", "").rstrip("/") or _url_of_reference(variables)
    if not url or _is_local(url, port):
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EdgeError(
            f"SUPABASE_URL is not a project URL: {url}",
            cure="Set it to https://<project>.supabase.co, or unset it for a local stack.",
        )
    given = _functions_variables(variables) | {"SUPABASE_URL": url}
    if not any(given.get(name) for name in _ANY_KEY):
        raise EdgeError(
            f"SUPABASE_URL is {url}, but there is no key for it.",
            cure="Set SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY as well, or unset "
            "SUPABASE_URL for a local stack.",
        )
    _check_key_set(given.get("SUPABASE_JWKS"))
    # On this machine the well-known secret is the default. It must not be valid for a project
    # elsewhere, where anyone could sign with it.
    fallback = local_secret if parts.hostname in LOOPBACK else secrets.token_urlsafe(48)
    return HostedProject(url, given, variables.get("SUPABASE_JWT_SECRET") or fallback)


def with_published_keys(project: HostedProject) -> HostedProject:
    """Fetch the project's JWKS document unless SUPABASE_JWKS is set. Raises EdgeError."""
    if "SUPABASE_JWKS" in project.variables:
        return project
    import httpx  # imported late: only hosted projects need it

    try:
        reply = httpx.get(project.jwks_url, timeout=_TIMEOUT_SECONDS).raise_for_status()
    except httpx.HTTPError as exc:
        raise EdgeError(
            f"The keys of {project.url} cannot be fetched: {exc}",
            cure="Is SUPABASE_URL right? Without a connection, set SUPABASE_JWKS.",
        ) from exc
    return with_key_set(project, reply.text)


def with_key_set(project: HostedProject, text: str) -> HostedProject:
    """Return a copy with another JWKS document. Raises EdgeError for invalid `text`."""
    _check_key_set(text)
    return replace(project, variables={**project.variables, "SUPABASE_JWKS": text})


def _url_of_reference(variables: Mapping[str, str]) -> str:
    """Return "" without a key: the reference alone may be meant for other programs."""
    reference = variables.get("SUPABASE_PROJECT_REF", "").strip()
    given = _functions_variables(variables)
    has_key = any(given.get(name) for name in _ANY_KEY)
    return f"https://{reference}.supabase.co" if reference and has_key else ""


def _is_local(url: str, port: int) -> bool:
    parts = urlsplit(url)
    try:
        return parts.hostname in LOOPBACK and (parts.port or 80) == port
    except ValueError:
        return False


def _functions_variables(variables: Mapping[str, str]) -> dict[str, str]:
    given = {name: variables[name] for name in _FOR_FUNCTIONS if variables.get(name)}
    for singular, plural in _SINGULAR.items():
        if variables.get(singular) and plural not in given:
            given[plural] = json.dumps({"default": variables[singular]})
    return given


def _parse_keys(name: str, text: str) -> dict[str, str]:
    try:
        return {str(key): str(value) for key, value in json.loads(text).items()}
    except (ValueError, AttributeError) as exc:
        raise EdgeError(
            f"{name} is not a JSON object of keys by name.", cure='Like {"default": "sb_…"}'
        ) from exc


def _check_key_set(text: str | None) -> None:
    try:
        if text:
            iter(json.loads(text)["keys"])
    except (ValueError, TypeError, KeyError) as exc:
        raise EdgeError('SUPABASE_JWKS is not a key set: {"keys": [...]}.') from exc
