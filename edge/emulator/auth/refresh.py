"""Refresh a session: rotate its refresh token, and detect that a used one is presented again.

Follows supabase/auth (internal/tokens/service.go, RefreshTokenGrant).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.config import SessionConfig
from edge.emulator.auth.context import AuthContext, client_of, now
from edge.emulator.auth.errors import (
    REFRESH_BANNED,
    REFRESH_INVALID,
    REFRESH_NO_SESSION,
    REFRESH_UNKNOWN,
    REFRESH_USED,
    SESSION_EXPIRED,
    AuthError,
)
from edge.emulator.auth.sessions import (
    RefreshToken,
    Session,
    delete_refresh_token,
    fetch_active,
    fetch_refresh_token,
    fetch_session,
    has_newer_session,
    lock_session,
    revoke_family,
    rotate,
    touch_session,
)
from edge.emulator.auth.token_response import issue_tokens, render_token_response
from edge.emulator.auth.user import User
from edge.emulator.auth.users import fetch_user
from edge.emulator.postgres.pool import Connection

_TOKEN: Final = re.compile(r"[a-z0-9]{12}|[A-Za-z0-9_-]{16,512}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Granted:
    """What a refresh leads to; `error` is raised after the commit, so that revocations are kept."""

    answer: dict[str, Any] | None = None
    error: AuthError | None = None


async def refresh_session(context: AuthContext, request: Request, token: str) -> Response:
    if not _TOKEN.fullmatch(token):
        raise REFRESH_INVALID.error()
    async with context.transaction() as connection:
        granted = await _refresh(context, connection, request, token)
    if granted.error:
        raise granted.error
    assert granted.answer is not None
    return render_token_response(granted.answer)


async def _refresh(
    context: AuthContext, connection: Connection, request: Request, token: str
) -> _Granted:
    config = context.config.sessions
    presented = await fetch_refresh_token(connection, token, config.reuse_seconds)
    user = await _fetch_owner(connection, presented)
    if presented is None or user is None:
        return _Granted(error=REFRESH_UNKNOWN.error())
    if user.is_banned(now()):
        return _Granted(error=REFRESH_BANNED.error())
    session = None
    if presented.session_id:
        await lock_session(connection, presented.session_id)
        session = await fetch_session(connection, presented.session_id)
    if session is None:
        await delete_refresh_token(connection, token)
        return _Granted(error=REFRESH_NO_SESSION.error())
    if expired := await _find_expiry(connection, config, session, presented.updated_at):
        return _Granted(error=expired)
    next_token = await _rotate_or_revoke(connection, config, presented, session)
    if next_token is None:
        return _Granted(error=REFRESH_USED.error())
    await record(connection, user, "token_refreshed")
    await touch_session(connection, session.id, client_of(request))
    pair = (session, next_token)
    answer = await issue_tokens(context, connection, request, user, pair, "token_refresh")
    return _Granted(answer)


async def _fetch_owner(connection: Connection, presented: RefreshToken | None) -> User | None:
    try:
        return await fetch_user(connection, UUID(presented.user_id)) if presented else None
    except ValueError:
        return None


async def _find_expiry(
    connection: Connection, config: SessionConfig, session: Session, token_time: datetime
) -> AuthError | None:
    """Return why the session is over, None if it is not."""
    moment = now()
    used = session.last_refreshed(token_time)
    if session.not_after and moment > session.not_after:
        return SESSION_EXPIRED.error(why="")
    if config.timebox and (moment - session.created_at).total_seconds() > config.timebox:
        return SESSION_EXPIRED.error(why="")
    if config.inactivity and (moment - used).total_seconds() > config.inactivity:
        return SESSION_EXPIRED.error(why=" (Inactivity)")
    if config.single_per_user and await has_newer_session(connection, session, used):
        return SESSION_EXPIRED.error(why=" (Revoked by Newer Login)")
    return None


async def _rotate_or_revoke(
    connection: Connection, config: SessionConfig, presented: RefreshToken, session: Session
) -> str | None:
    """Return the next refresh token; None if the token may be stolen, which revokes its family.

    A used token is accepted again if its successor was never used, or within `reuse_seconds`:
    clients lose responses, and browsers refresh in two tabs at once.
    """
    if presented.is_revoked:
        active = await fetch_active(connection, session.id)
        if active and active[1] == presented.token:
            return active[0]
        if presented.is_late:
            if config.rotates:
                await revoke_family(connection, session.id)
            return None
    return await rotate(connection, session.user_id, session.id, presented.token)
