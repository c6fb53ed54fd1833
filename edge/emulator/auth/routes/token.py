"""POST /token: sign in with a password, or rotate a refresh token.

Follows supabase/auth (internal/api/token.go; rotation: internal/tokens/service.go).
"""

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    BANNED,
    EMAIL_UNCONFIRMED,
    GRANT_UNSUPPORTED,
    LOGIN_INVALID,
    LOGIN_MISSING,
    PHONE_LOGIN_DISABLED,
    REFRESH_BANNED,
    REFRESH_MISSING,
    REFRESH_UNKNOWN,
    REFRESH_USED,
)
from edge.emulator.auth.password import is_password
from edge.emulator.auth.schemas import PasswordGrantBody, RefreshGrantBody
from edge.emulator.auth.sessions import (
    RefreshToken,
    fetch_refresh_token,
    fetch_successor,
    revoke_family,
    rotate,
)
from edge.emulator.auth.token_response import open_session, render_token_response
from edge.emulator.auth.user import User
from edge.emulator.auth.users import fetch_user, fetch_user_by_email
from edge.emulator.postgres.pool import Connection


async def issue_token(context: AuthContext, request: Request) -> Response:
    match request.query_params.get("grant_type"):
        case "password":
            return await _by_password(context, request)
        case "refresh_token":
            return await _by_refresh_token(context, request)
        case _:
            raise GRANT_UNSUPPORTED.error()


async def _by_password(context: AuthContext, request: Request) -> Response:
    body = await context.read(request, PasswordGrantBody)
    if body.phone:
        raise PHONE_LOGIN_DISABLED.error()
    if not body.email:
        raise LOGIN_MISSING.error()
    async with context.transaction() as connection:
        user = await fetch_user_by_email(connection, body.email.lower())
    if user is None or not await is_password(body.password or "", user.encrypted_password):
        raise LOGIN_INVALID.error()
    _check_can_sign_in(user)
    async with context.transaction() as connection:
        return await open_session(context, connection, user, request)


def _check_can_sign_in(user: User) -> None:
    if user.is_banned(now()):
        raise BANNED.error()
    if user.email_confirmed_at is None:
        raise EMAIL_UNCONFIRMED.error()


async def _by_refresh_token(context: AuthContext, request: Request) -> Response:
    body = await context.read(request, RefreshGrantBody)
    if not body.refresh_token:
        raise REFRESH_MISSING.error()
    async with context.transaction() as connection:
        presented = await fetch_refresh_token(
            connection, body.refresh_token, context.config.reuse_seconds
        )
        if presented is None:
            raise REFRESH_UNKNOWN.error()
        user = await _fetch_owner(connection, presented)
        next_token = await _rotate_or_revoke(connection, presented)
    if next_token is None:  # after the commit, so that the revocation is kept
        raise REFRESH_USED.error()
    return render_token_response(context.config, user, presented.session, next_token)


async def _fetch_owner(connection: Connection, presented: RefreshToken) -> User:
    user = await fetch_user(connection, presented.session.user_id)
    if user is None:
        raise REFRESH_UNKNOWN.error()
    if user.is_banned(now()):
        raise REFRESH_BANNED.error()
    return user


async def _rotate_or_revoke(connection: Connection, presented: RefreshToken) -> str | None:
    """Return the next refresh token; None if the token may be stolen, which revokes its family.

    A used token is accepted again if its successor was never used, or within `reuse_seconds`:
    clients lose responses, and browsers refresh in two tabs at once.
    """
    if presented.is_revoked:
        successor = await fetch_successor(connection, presented)
        if successor:
            return successor
        if presented.is_late:
            await revoke_family(connection, presented.session.id)
            return None
    return await rotate(connection, presented)
