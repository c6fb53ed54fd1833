"""Issue tokens: the access token's claims, and the token response of every kind of sign-in.

Follows supabase/auth (internal/tokens/service.go).
"""

import time
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.context import AuthContext, client_address, client_of, now
from edge.emulator.auth.errors import HOOK_FAILED
from edge.emulator.auth.sessions import Session, insert_session
from edge.emulator.auth.user import User, render_user
from edge.emulator.auth.users import update_user
from edge.emulator.postgres.pool import Connection

TokenResponse = dict[str, Any]

_REQUIRED_CLAIMS: Final = {
    "aud": (str, list),
    "exp": (int,),
    "iat": (int,),
    "sub": (str,),
    "email": (str,),
    "phone": (str,),
    "role": (str,),
    "aal": (str,),
    "session_id": (str,),
    "is_anonymous": (bool,),
}


async def issue_session(
    context: AuthContext, connection: Connection, request: Request, user: User, method: str
) -> TokenResponse:
    """Create a session for the user, authenticated by `method`, and return its token response."""
    session, token = await insert_session(connection, user.id, client_of(request), method)
    signed_in = await update_user(connection, user.id, last_sign_in_at=now())
    return await issue_tokens(context, connection, request, signed_in, (session, token), method)


async def issue_tokens(
    context: AuthContext,
    connection: Connection,
    request: Request,
    user: User,
    granted: tuple[Session, str],
    method: str,
) -> TokenResponse:
    """Return the token response of a session and its refresh token (`granted`)."""
    session, refresh_token = granted
    claims = _claims(context, user, session)
    if context.hooks.has("custom_access_token"):
        claims = await _customize(context, connection, request, user, claims, method)
    return {
        "access_token": context.config.keys.sign(claims),
        "token_type": "bearer",
        "expires_in": context.config.jwt_seconds,
        "expires_at": int(time.time()) + context.config.jwt_seconds,
        "refresh_token": refresh_token,
        "user": render_user(user),
    }


def render_token_response(answer: Mapping[str, Any]) -> Response:
    """Return the response with GoTrue's headers about the session."""
    headers = {
        "cache-control": "no-store",
        "sb-auth-user-id": answer["user"]["id"],
        "sb-auth-refresh-token-prefix": answer["refresh_token"][:5],
    }
    return JSONResponse(dict(answer), headers=headers)


def render_redirect(url: str, answer: Mapping[str, Any], **extra: str) -> str:
    """Return the URL with the tokens in its fragment, as the implicit flow hands them over."""
    values = {
        "access_token": answer["access_token"],
        "expires_at": str(answer["expires_at"]),
        "expires_in": str(answer["expires_in"]),
        "refresh_token": answer["refresh_token"],
        "sb": "",
        "token_type": answer["token_type"],
        **extra,
    }
    return f"{url}#{urlencode(sorted(values.items()))}"


def _claims(context: AuthContext, user: User, session: Session) -> dict[str, Any]:
    issued = int(time.time())
    return {
        "iss": context.config.issuer,
        "sub": str(user.id),
        "aud": user.aud,
        "exp": issued + context.config.jwt_seconds,
        "iat": issued,
        "email": user.email,
        "phone": user.phone,
        "app_metadata": dict(user.raw_app_meta_data),
        "user_metadata": dict(user.raw_user_meta_data),
        "role": user.role or context.config.default_role,
        "aal": session.level,
        "amr": session.methods,
        "session_id": str(session.id),
        "is_anonymous": user.is_anonymous,
    }


async def _customize(
    context: AuthContext,
    connection: Connection,
    request: Request,
    user: User,
    claims: dict[str, Any],
    method: str,
) -> dict[str, Any]:
    """Return the claims as the custom access token hook changes them."""
    payload = {"user_id": str(user.id), "claims": claims, "authentication_method": method}
    address = client_address(request)
    answer = await context.hooks.invoke("custom_access_token", connection, payload, address)
    found: Any = answer.get("claims")
    if not isinstance(found, dict):
        raise HOOK_FAILED.error(message="output claims field is missing")
    changed = cast("dict[str, Any]", found)
    faults = [
        f"- (root): {name} is required" if name not in changed else f"- {name}: Invalid type"
        for name, types in _REQUIRED_CLAIMS.items()
        if not isinstance(changed.get(name), types)
    ]
    if faults:
        described = "\n".join(faults)
        raise HOOK_FAILED.error(
            message=f"output claims do not conform to the expected schema: \n{described}"
        )
    return changed
