"""Authenticate a request: the Authorization header → claims → the user and session.

Follows supabase/auth (internal/api/auth.go).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from starlette.requests import Request

from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    ANONYMOUS_FORBIDDEN,
    BAD_CLAIM,
    BAD_JWT,
    BAD_SUBJECT,
    FORBIDDEN_BANNED,
    NO_AUTHORIZATION,
    NOT_ADMIN,
    SESSION_GONE,
    USER_GONE,
)
from edge.emulator.auth.sessions import Session, fetch_session
from edge.emulator.auth.user import User
from edge.emulator.auth.users import fetch_user
from edge.tokens import TokenError, TokenFault, verify

_BEARER: Final = re.compile(r"bearer (\S+)", re.IGNORECASE)
_REASONS: Final[Mapping[TokenFault, str]] = {
    TokenFault.MALFORMED: "token is malformed: token contains an invalid number of segments",
    TokenFault.ALGORITHM: "token is unverifiable: error while executing keyfunc: unrecognized JWT",
    TokenFault.SIGNATURE: "token signature is invalid: signature is invalid",
    TokenFault.EXPIRED: "token has invalid claims: token is expired",
    TokenFault.NOT_YET_VALID: "token has invalid claims: token is not valid yet",
}
_NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The signed-in user; `session` is None for a token minted outside the service."""

    user: User
    session: Session | None
    claims: Mapping[str, Any]

    @property
    def session_id(self) -> UUID | None:
        return self.session.id if self.session else None

    @property
    def audience(self) -> str:
        """The token's first audience."""
        found: Any = self.claims.get("aud") or ""
        entries = cast("list[Any]", found) if isinstance(found, list) else [found]
        return str(entries[0]) if entries else ""


async def authenticate(context: AuthContext, request: Request) -> CurrentUser:
    """Return the token's user; raises user_not_found or session_not_found if it was deleted."""
    claims = read_claims(context, request)
    user_id = _read_subject(claims)
    session_id = _read_session_id(claims)
    session: Session | None = None
    async with context.transaction() as connection:
        user = await fetch_user(connection, user_id)
        if user is None:
            raise USER_GONE.error()
        if session_id:
            session = await fetch_session(connection, session_id)
            if session is None:
                raise SESSION_GONE.error()
    if user.is_banned(now()):
        raise FORBIDDEN_BANNED.error()
    return CurrentUser(user, session, claims)


async def authenticate_member(context: AuthContext, request: Request) -> CurrentUser:
    """As authenticate; raises no_authorization for anonymous users."""
    current = await authenticate(context, request)
    if current.claims.get("is_anonymous"):
        raise ANONYMOUS_FORBIDDEN.error()
    return current


def require_admin(context: AuthContext, request: Request) -> str:
    """Return the token's role; raises not_admin unless it is an administrator's."""
    role = read_claims(context, request).get("role")
    if role not in context.config.admin_roles:
        raise NOT_ADMIN.error()
    return str(role)


def read_claims(context: AuthContext, request: Request) -> dict[str, Any]:
    """Return the verified claims of the bearer token; raises no_authorization or bad_jwt."""
    match = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise NO_AUTHORIZATION.error()
    token = match[1]
    try:
        return verify(token, context.config.keys.verification_of(token))
    except TokenError as exc:
        raise BAD_JWT.error(why=_REASONS[exc.fault]) from exc


def _read_subject(claims: Mapping[str, Any]) -> UUID:
    subject = claims.get("sub")
    if not subject:
        raise BAD_CLAIM.error(why="missing sub claim")
    try:
        return UUID(subject)
    except (ValueError, AttributeError, TypeError) as exc:
        raise BAD_SUBJECT.error() from exc


def _read_session_id(claims: Mapping[str, Any]) -> UUID | None:
    value = claims.get("session_id")
    if not value:
        return None
    try:
        session_id = UUID(value)
    except (ValueError, AttributeError, TypeError) as exc:
        raise BAD_CLAIM.error(why="session_id claim must be a UUID") from exc
    return session_id if session_id != _NIL else None
