"""GET and POST /verify: redeem a link or a code.

Follows supabase/auth (internal/api/verify.go).
"""

import html
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.confirmations import (
    Proof,
    apply_proof,
    find_by_email_code,
    find_by_hash,
    find_by_phone_code,
    is_pkce_hash,
)
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.errors import (
    VERIFY_EITHER,
    VERIFY_EMAIL,
    VERIFY_HASH_ONLY,
    VERIFY_ONE,
    VERIFY_TOKEN,
    VERIFY_TYPE,
    AuthError,
)
from edge.emulator.auth.flow_state import issue_auth_code
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.one_time_tokens import hash_code
from edge.emulator.auth.redirects import (
    choose_redirect,
    with_error,
    with_fragment,
    with_query,
)
from edge.emulator.auth.schemas import VerifyParams
from edge.emulator.auth.token_response import issue_session, render_redirect, render_token_response
from edge.emulator.auth.user import parse_email, parse_phone
from edge.emulator.postgres.pool import Connection

_HALF_CONFIRMED: Final = (
    "Confirmation link accepted. Please proceed to confirm link sent to the other email"
)
_METHODS: Final = {"signup": "email/signup"}


async def redeem_link(context: AuthContext, request: Request) -> Response:
    """GET: redeem the link and redirect; failures are told in the fragment."""
    context.limiter.check_request(request, "verify")
    kind, token = request.query_params.get("type"), request.query_params.get("token")
    if not kind:
        raise VERIFY_TYPE.error()
    if not token:
        raise VERIFY_TOKEN.error()
    target = choose_redirect(context.config, request)
    try:
        async with context.transaction() as connection:
            url = await _redeem(context, connection, request, kind, token, target)
    except AuthError as exc:
        url = with_error(target, exc, is_in_query=is_pkce_hash(token))
    return _redirect(url)


async def redeem_code(context: AuthContext, request: Request) -> Response:
    """POST: redeem a code with its address, or a token hash."""
    context.limiter.check_request(request, "verify")
    params = await context.read(request, VerifyParams)
    params = _check(params)
    async with context.transaction() as connection:
        with context.limiter.attempt(request, "verify", params.email or params.phone or ""):
            proof = await _find_proof(context, connection, request, params)
        user = await apply_proof(Messenger(context, request, connection), proof)
        if user is None:
            return JSONResponse({"msg": _HALF_CONFIRMED, "code": "200"})
        answer = await issue_session(context, connection, request, user, "otp")
    return render_token_response(answer)


async def _redeem(
    context: AuthContext,
    connection: Connection,
    request: Request,
    kind: str,
    token: str,
    target: str,
) -> str:
    """Return the URL to redirect to."""
    is_pkce = is_pkce_hash(token)
    with context.limiter.attempt(request, "verify", ""):
        proof = await find_by_hash(context, connection, kind, token)
    user = await apply_proof(Messenger(context, request, connection), proof)
    if user is None:
        return _with_message(target, _HALF_CONFIRMED, is_pkce=is_pkce)
    if is_pkce:
        code = await issue_auth_code(connection, user.id, _METHODS.get(kind, kind))
        return with_query(target, {"code": code})
    answer = await issue_session(context, connection, request, user, "otp")
    return render_redirect(target, answer, type=proof.type)


def _check(params: VerifyParams) -> VerifyParams:
    """Validate in GoTrue's order; returns the parameters with address and hash filled in."""
    if not params.type:
        raise VERIFY_TYPE.error()
    if bool(params.token) == bool(params.token_hash):
        raise VERIFY_EITHER.error()
    if params.token_hash:
        if params.email or params.phone or params.redirect_to:
            raise VERIFY_HASH_ONLY.error()
        return params
    if params.phone and not params.email:
        phone = parse_phone(params.phone)
        hashed = hash_code(phone, params.token)
        return params.model_copy(update={"phone": phone, "token_hash": hashed})
    if params.email and not params.phone:
        try:
            email = parse_email(params.email)
        except AuthError as exc:
            raise VERIFY_EMAIL.error() from exc
        hashed = hash_code(email, params.token)
        return params.model_copy(update={"email": email, "token_hash": hashed})
    raise VERIFY_ONE.error()


async def _find_proof(
    context: AuthContext, connection: Connection, request: Request, params: VerifyParams
) -> Proof:
    if not params.token:
        return await find_by_hash(context, connection, params.type, params.token_hash)
    find = find_by_phone_code if params.type in ("sms", "phone_change") else find_by_email_code
    given = {name: getattr(params, name) for name in ("type", "token", "token_hash")}
    given |= {"email": params.email, "phone": params.phone}
    return await find(context, connection, request, **given)


def _with_message(target: str, message: str, *, is_pkce: bool) -> str:
    url = with_query(target, {"message": message}) if is_pkce else target
    return with_fragment(url, {"message": message, "sb": ""})


def _redirect(url: str) -> Response:
    """Return GoTrue's 303, whose body links to the target."""
    body = f'<a href="{html.escape(url)}">See Other</a>.\n\n'.encode()
    headers = {"location": url, "content-type": "text/html; charset=utf-8"}
    return Response(body, 303, headers)
