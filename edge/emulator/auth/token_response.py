"""Render the token response of sign-in and refresh: access token, refresh token, user.

Follows supabase/auth (internal/tokens/service.go, AccessTokenResponse).
"""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.sessions import Session, insert_session
from edge.emulator.auth.user import User, render_user
from edge.emulator.auth.users import fetch_user, mark_signed_in
from edge.emulator.postgres.pool import Connection
from edge.tokens import mint


async def open_session(
    context: AuthContext, connection: Connection, user: User, request: Request
) -> Response:
    """Create a session for the user and return its token response."""
    agent = request.headers.get("user-agent")
    session, refresh_token = await insert_session(connection, user.id, agent)
    await mark_signed_in(connection, user.id)
    signed_in = await fetch_user(connection, user.id) or user
    return render_token_response(context.config, signed_in, session, refresh_token)


def render_token_response(
    config: AuthConfig, user: User, session: Session, refresh_token: str
) -> Response:
    issued = int(time.time())
    expires = issued + config.access_seconds
    claims = _claims(user, session) | {"iss": config.issuer, "iat": issued, "exp": expires}
    body = {
        "access_token": mint(config.keys.secret, user.role, **claims),
        "token_type": "bearer",
        "expires_in": config.access_seconds,
        "expires_at": expires,
        "refresh_token": refresh_token,
        "user": render_user(user),
    }
    return JSONResponse(body, headers={"cache-control": "no-store"})


def _claims(user: User, session: Session) -> dict[str, Any]:
    return {
        "sub": str(user.id),
        "aud": user.aud,
        "email": user.email or "",
        "phone": user.phone or "",
        "app_metadata": dict(user.raw_app_meta_data),
        "user_metadata": dict(user.raw_user_meta_data),
        "aal": "aal1",
        "amr": [{"method": "password", "timestamp": int(session.created_at.timestamp())}],
        "session_id": str(session.id),
        "is_anonymous": user.is_anonymous,
    }
