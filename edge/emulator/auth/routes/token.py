"""POST /token: sign in with a password, an authorization code or an ID token; refresh a session.

Follows supabase/auth (internal/api/token.go, token_refresh.go, token_oidc.go).
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, client_address, now
from edge.emulator.auth.errors import (
    BANNED,
    EMAIL_LOGINS_DISABLED,
    EMAIL_UNCONFIRMED,
    FLOW_CODE_MISSING,
    FLOW_EXPIRED,
    FLOW_UNKNOWN,
    GRANT_UNSUPPORTED,
    LOGIN_BOTH,
    LOGIN_INVALID,
    LOGIN_MISSING,
    LOGIN_REJECTED,
    PHONE_LOGINS_DISABLED,
    PHONE_UNCONFIRMED,
    VERIFIER_WRONG,
    WEB3_DISABLED,
)
from edge.emulator.auth.flow_state import delete_flow, find_flow
from edge.emulator.auth.password import find_weakness, is_password
from edge.emulator.auth.refresh import refresh_session
from edge.emulator.auth.routes.id_token import exchange_id_token
from edge.emulator.auth.schemas import (
    PasswordGrantParams,
    PKCEGrantParams,
    RefreshTokenGrantParams,
)
from edge.emulator.auth.sessions import delete_sessions
from edge.emulator.auth.token_response import issue_session, render_token_response
from edge.emulator.auth.user import User, format_phone
from edge.emulator.auth.users import fetch_user, fetch_user_by_email, fetch_user_by_phone
from edge.emulator.postgres.pool import Connection

_HOOK: Final = "password_verification_attempt"
_REJECTION: Final = "Further password verification attempts will be rejected."


async def issue_token(context: AuthContext, request: Request) -> Response:
    grant = request.query_params.get("grant_type")
    handlers = {
        "password": _by_password,
        "refresh_token": _by_refresh_token,
        "id_token": exchange_id_token,
        "pkce": _by_auth_code,
        "web3": _by_wallet,
    }
    handler = handlers.get(grant or "")
    if handler is None:
        raise GRANT_UNSUPPORTED.error()
    context.limiter.check_request(request, "refresh")
    return await handler(context, request)


async def _by_password(context: AuthContext, request: Request) -> Response:
    params = await context.read(request, PasswordGrantParams)
    with context.limiter.attempt(request, "sign_in", params.email or params.phone or ""):
        return await _sign_in(context, request, params)


async def _sign_in(context: AuthContext, request: Request, params: PasswordGrantParams) -> Response:
    user = await _find(context, request, params)
    if user and user.encrypted_password and user.is_banned(now()):
        raise BANNED.error()
    matches = await is_password(params.password, user.encrypted_password if user else "")
    if user is None or not user.encrypted_password:
        raise LOGIN_INVALID.error()
    await _call_hook(context, request, user, is_valid=matches)
    if not matches:
        raise LOGIN_INVALID.error()
    if params.email and user.email_confirmed_at is None:
        raise EMAIL_UNCONFIRMED.error()
    if params.phone and user.phone_confirmed_at is None:
        raise PHONE_UNCONFIRMED.error()
    async with context.transaction() as connection:
        provider = "email" if params.email else "phone"
        await record(connection, user, "login", {"provider": provider})
        answer = await issue_session(context, connection, request, user, "password")
    weakness = find_weakness(params.password, context.config.password)
    answer["weak_password"] = weakness and {
        "message": weakness.message,
        "reasons": list(weakness.reasons),
    }
    return render_token_response(answer)


async def _find(context: AuthContext, request: Request, params: PasswordGrantParams) -> User | None:
    if params.email and params.phone:
        raise LOGIN_BOTH.error()
    aud = context.audience(request)
    if params.email:
        if not context.config.email_enabled:
            raise EMAIL_LOGINS_DISABLED.error()
        async with context.transaction() as connection:
            return await fetch_user_by_email(connection, params.email, aud)
    if params.phone:
        if not context.config.phone_enabled:
            raise PHONE_LOGINS_DISABLED.error()
        async with context.transaction() as connection:
            return await fetch_user_by_phone(connection, format_phone(params.phone), aud)
    raise LOGIN_MISSING.error()


async def _call_hook(context: AuthContext, request: Request, user: User, *, is_valid: bool) -> None:
    """Run the password verification hook; raises invalid_credentials if it rejects."""
    if not context.hooks.has(_HOOK):
        return
    payload = {"user_id": str(user.id), "valid": is_valid}
    async with context.transaction() as connection:
        answer = await context.hooks.invoke(_HOOK, connection, payload, client_address(request))
        rejects = answer.get("decision") == "reject"
        if rejects and answer.get("should_logout_user"):
            await delete_sessions(connection, user.id)
    if rejects:
        raise LOGIN_REJECTED.error(message=answer.get("message") or _REJECTION)


async def _by_refresh_token(context: AuthContext, request: Request) -> Response:
    params = await context.read(request, RefreshTokenGrantParams)
    return await refresh_session(context, request, params.refresh_token)


async def _by_auth_code(context: AuthContext, request: Request) -> Response:
    params = await context.read(request, PKCEGrantParams)
    if not params.auth_code or not params.code_verifier:
        raise FLOW_CODE_MISSING.error()
    async with context.transaction() as connection:
        answer = await _exchange_code(context, connection, request, params)
    return render_token_response(answer)


async def _exchange_code(
    context: AuthContext, connection: Connection, request: Request, params: PKCEGrantParams
) -> dict[str, object]:
    flow = await find_flow(connection, params.auth_code)
    user = await fetch_user(connection, flow.user_id) if flow and flow.user_id else None
    if flow is None or user is None:
        raise FLOW_UNKNOWN.error()
    if (now() - flow.started_at).total_seconds() > context.config.flow_state_seconds:
        raise FLOW_EXPIRED.error()
    if not flow.accepts(params.code_verifier):
        raise VERIFIER_WRONG.error()
    await record(connection, user, "login", {"provider_type": flow.provider_type})
    method = flow.authentication_method
    answer = await issue_session(context, connection, request, user, method)
    if flow.provider_access_token:
        answer["provider_token"] = flow.provider_access_token
    if flow.provider_refresh_token:
        answer["provider_refresh_token"] = flow.provider_refresh_token
    await delete_flow(connection, flow.id)
    return answer


async def _by_wallet(context: AuthContext, request: Request) -> Response:
    del context, request
    raise WEB3_DISABLED.error()
