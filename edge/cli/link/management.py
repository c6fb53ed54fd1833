"""Supabase's Management API, as far as linking needs it: a project's keys and its pooler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import httpx

from edge.errors import EdgeError

_SECONDS: Final = 15.0
_TOKENS: Final = "https://supabase.com/dashboard/account/tokens"
_BY_HAND: Final = "--publishable-key and --secret-key"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of a project; `kind` is legacy, publishable or secret."""

    name: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Management:
    """The API at `url`, called with a personal access token, which no message shows."""

    url: str
    token: str

    def api_keys(self, ref: str) -> tuple[ApiKey, ...]:
        """Return the keys with their values. Raises EdgeError with the cure."""
        rows = self._get(f"/v1/projects/{ref}/api-keys", ref, reveal="true")
        keys = tuple(_read_key(row) for row in _objects(rows))
        if not any(key.value for key in keys):
            raise EdgeError(
                f"The Management API shows no key of {ref}.",
                cure=f"Does your access token's account administer it? Or pass {_BY_HAND}.",
            )
        return tuple(key for key in keys if key.value)

    def pooler(self, ref: str) -> Mapping[str, Any] | None:
        """Return the connection pooler of the project's primary database, None if unknown."""
        try:
            rows = _objects(self._get(f"/v1/projects/{ref}/config/database/pooler", ref))
        except EdgeError:
            return None
        return next((row for row in rows if row.get("database_type") == "PRIMARY"), None)

    def _get(self, path: str, ref: str, **query: str) -> object:
        try:
            headers = {"authorization": f"Bearer {self.token}", "accept": "application/json"}
            reply = httpx.get(self.url + path, params=query, headers=headers, timeout=_SECONDS)
        except (httpx.HTTPError, UnicodeError) as exc:
            raise EdgeError(
                f"{self.url} cannot be reached: {type(exc).__name__}",
                cure=f"Is there a connection? Without one, pass {_BY_HAND}.",
            ) from exc
        if reply.status_code != HTTPStatus.OK:
            raise _explain(reply.status_code, ref, self.url)
        try:
            return reply.json()
        except ValueError as exc:
            raise EdgeError(
                f"{self.url} answered what is not JSON.",
                cure=f"Is SUPABASE_PROFILE right? Or pass {_BY_HAND}.",
            ) from exc


def _explain(status: int, ref: str, url: str) -> EdgeError:
    if status == HTTPStatus.UNAUTHORIZED:
        return EdgeError(
            "SUPABASE_ACCESS_TOKEN is not valid (401).", cure=f"Make another: {_TOKENS}"
        )
    if status == HTTPStatus.FORBIDDEN:
        return EdgeError(
            f"Your access token may not read the keys of {ref} (403).",
            cure=f"Is it a project of that account? Ask its owner, or pass {_BY_HAND}.",
        )
    if status == HTTPStatus.NOT_FOUND:
        return EdgeError(
            f"There is no project {ref} (404).",
            cure="Take the ref from the dashboard's URL: supabase.com/dashboard/project/<ref>",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return EdgeError(f"{url} has had too many requests (429).", cure="Wait a minute.")
    return EdgeError(f"{url} answered {status}.", cure=f"Try again later, or pass {_BY_HAND}.")


def _objects(value: object) -> Sequence[Mapping[str, Any]]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", row) for row in rows if isinstance(row, dict)]


def _read_key(row: Mapping[str, Any]) -> ApiKey:
    kind = str(row.get("type") or "legacy")
    template = row.get("secret_jwt_template")
    role = str(cast("Mapping[str, Any]", template).get("role")) if template else "service_role"
    value = str(row.get("api_key") or "")
    is_other_role = kind == "secret" and role.lower() != "service_role"
    return ApiKey(str(row.get("name") or ""), kind, "" if is_other_role else value)
