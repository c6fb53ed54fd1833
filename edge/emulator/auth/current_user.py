"""Authenticate a request: the Authorization header → claims → the user and session.

Follows supabase/auth (internal/api/auth.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request

from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.errors import (
    BAD_CLAIM,
    BAD_JWT,
    NO_AUTHORIZATION,
    NOT_ADMIN,
    SESSION_GONE,
    USER_GONE,
)
from edge.emulator.auth.sessions import has_session
from edge.emulator.auth.user import User
from edge.emulator.auth.users import fetch_user
from edge.tokens import TokenError, TokenFault, verify

_ADMINS: Final = ("service_role", "supabase_admin")
_REASONS: Final[Mapping[TokenFault, str]] = {
    TokenFault.MALFORMED: "token is malformed",
    TokenFault.ALGORITHM: "token is unverifiable: signing method is invalid",
    TokenFault.SIGNATURE: "token signature is invalid: signature is invalid",
    TokenFault.EXPIRED: "token has invalid claims: token is expired",
    TokenFault.NOT_YET_VALID: "token has invalid claims: token is not valid yet",
}


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The signed-in user; `session_id` is None for a token minted outside the service."""

    user: User
    session_id: UUID | None


async def authenticate(context: AuthContext, request: Request) -> CurrentUser:
    """Return the token's user; raises user_not_found or session_not_found if it was deleted."""
    claims = _read_claims(context, request)
    user_id = _read_id(claims, "sub")
    if user_id is None:
        raise BAD_CLAIM.error(why="missing sub claim")
    session_id = _read_id(claims, "session_id")
    async with context.transaction() as connection:
        user = await fetch_user(connection, user_id)
        if user is None:
            raise USER_GONE.error()
        if session_id and not await has_session(connection, session_id, user_id):
            raise SESSION_GONE.error()
    return CurrentUser(user, session_id)


def require_admin(context: AuthContext, request: Request) -> None:
    """Raise not_admin unless the token is a service key's."""
    if _read_claims(context, request).get("role") not in _ADMINS:
        raise NOT_ADMIN.error()


def _read_claims(context: AuthContext, request: Request) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NO_AUTHORIZATION.error()
    try:
        return verify(token.strip(), context.config.keys)
    except TokenError as exc:
        raise BAD_JWT.error(why=_REASONS[exc.fault]) from exc


def _read_id(claims: Mapping[str, Any], name: str) -> UUID | None:
    value = claims.get(name)
    if value in (None, ""):
        return None
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError) as exc:
        raise BAD_CLAIM.error(why=f"{name} claim must be a UUID") from exc
