"""Caller of `edge functions invoke`: anon, a user or the service role, and its credentials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit

import psycopg

from edge.cli.running import require_database, require_running
from edge.errors import EdgeError
from edge.project.environment import project_variables
from edge.tokens import mint

_FUNCTIONS: Final = "/functions/v1"
_FIND_USER: Final[LiteralString] = """
select id::text, email, coalesce(role, 'authenticated') as role, coalesce(aud, 'authenticated'),
  coalesce(phone, ''), raw_app_meta_data, raw_user_meta_data, is_anonymous
from auth.users where lower(email) = lower(%s) and deleted_at is null
"""
_EMAILS: Final[LiteralString] = "select email from auth.users where email is not null limit 1000"


@dataclass(frozen=True, slots=True)
class Caller:
    """`kind` is anon, user or service; `email` is set for a user."""

    kind: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Base URL to call, and the URLs and keys of the stack there as far as known."""

    url: str
    details: Mapping[str, str]
    is_local: bool


def choose_caller(*, user: str | None, anon: bool, service: bool) -> Caller:
    """Return the caller that the options name, anon by default. Raises EdgeError for two."""
    if sum((user is not None, anon, service)) > 1:
        raise EdgeError("Only one of --user, --anon and --service can be the caller.")
    if user is not None:
        return Caller("user", user)
    return Caller("service" if service else "anon")


def find_target(workdir: Path, url: str | None) -> Target:
    """Return the project's running stack, or the project at `url` with keys from the shell."""
    if url is None:
        details = require_running(workdir)
        return Target(details["API_URL"], details, is_local="REMOTE_URL" not in details)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EdgeError(f"{url} is not a URL.", cure="Like https://<project>.supabase.co")
    variables = project_variables()
    details = {name.removeprefix("SUPABASE_"): value for name, value in variables.items()}
    return Target(url.rstrip("/").removesuffix(_FUNCTIONS), details, is_local=False)


def credentials(target: Target, caller: Caller, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the caller's `apikey` and `authorization` headers, except those in `given`."""
    names = {name.lower() for name, _ in given}
    if "authorization" in names:
        return {}
    if caller.kind == "service":
        headers = _headers(target, "SECRET_KEY", "SERVICE_ROLE_KEY")
    else:
        headers = _headers(target, "PUBLISHABLE_KEY", "ANON_KEY")
    if caller.kind == "user":
        headers["authorization"] = f"Bearer {_user_token(target, caller.email)}"
    return {name: value for name, value in headers.items() if name not in names}


def _headers(target: Target, key: str, legacy: str) -> dict[str, str]:
    """Return the headers as supabase-js sends them: the key, and the legacy JWT if there is one."""
    api_key = target.details.get(key) or target.details.get(legacy)
    if not api_key:
        raise EdgeError(
            f"There is no key for {target.url}.",
            cure=f"Set SUPABASE_{legacy}, or pass a token: -H 'Authorization: Bearer …'",
        )
    token = target.details.get(legacy) or api_key
    return {"apikey": api_key, "authorization": f"Bearer {token}"}


def _user_token(target: Target, email: str) -> str:
    if not target.is_local:
        raise EdgeError(
            "A user's token can be made for a local stack only.",
            cure="Sign in there and pass the token: -H 'Authorization: Bearer …'",
        )
    try:
        with psycopg.connect(require_database(target.details), connect_timeout=5) as connection:
            claims = _fetch_claims(connection, email)
    except psycopg.OperationalError as exc:
        raise EdgeError(f"The stack's database cannot be reached: {exc}") from exc
    return mint(target.details["JWT_SECRET"], claims.pop("role"), **claims)


def _fetch_claims(connection: psycopg.Connection[Any], email: str) -> dict[str, Any]:
    """Return the claims that Auth puts into the user's token. Raises EdgeError if unknown."""
    row = connection.execute(_FIND_USER, (email,)).fetchone()
    if row is None:
        known = [str(found) for (found,) in connection.execute(_EMAILS)]
        near = get_close_matches(email, known, n=1)
        raise EdgeError(
            f"No user of auth.users has the e-mail address {email}.",
            cure=f"Did you mean {near[0]}?" if near else "Sign one up first.",
        )
    sub, address, role, audience, phone, app_metadata, user_metadata, is_anonymous = row
    return {
        "sub": sub,
        "email": address,
        "role": role,
        "aud": audience,
        "phone": phone,
        "app_metadata": app_metadata or {},
        "user_metadata": user_metadata or {},
        "is_anonymous": is_anonymous,
    }
