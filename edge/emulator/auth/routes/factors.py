"""/factors: enrol, challenge, verify and remove second factors.

Follows supabase/auth (internal/api/mfa.go).
"""

import hmac
import time
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth import totp
from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, client_address, now
from edge.emulator.auth.current_user import CurrentUser, authenticate_member
from edge.emulator.auth.errors import (
    AAL2_ENROLL,
    AAL2_UNENROLL,
    CHALLENGE_ADDRESS,
    CHALLENGE_EXPIRED,
    CHALLENGE_UNKNOWN,
    CHANNEL_INVALID,
    FACTOR_ID_INVALID,
    FACTOR_NAME,
    FACTOR_PHONE_MISSING,
    FACTOR_PHONE_VERIFIED,
    FACTOR_TYPE,
    FACTOR_UNKNOWN,
    FACTORS_FULL,
    MFA_CODE_MISSING,
    MFA_NO_SESSION,
    MFA_PHONE_WRONG,
    MFA_REJECTED,
    MFA_TOTP_WRONG,
    SMS_TOO_OFTEN,
    AuthError,
)
from edge.emulator.auth.factors import (
    Challenge,
    Factor,
    delete_challenge,
    delete_expired_factors,
    delete_factor,
    delete_unverified_factors,
    find_challenge,
    find_factor,
    insert_challenge,
    insert_factor,
    is_code_used,
    verify_challenge,
    verify_factor,
)
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.one_time_tokens import generate_code
from edge.emulator.auth.schemas import (
    ChallengeFactorParams,
    EnrollFactorParams,
    VerifyFactorParams,
)
from edge.emulator.auth.sessions import (
    Session,
    add_method,
    delete_low_sessions,
    delete_sessions,
    fetch_session,
    lower_level,
    raise_level,
    rotate,
)
from edge.emulator.auth.token_response import issue_tokens, render_token_response
from edge.emulator.auth.user import User, parse_phone
from edge.emulator.auth.users import reload_user
from edge.emulator.postgres.pool import Connection

_NAMES: Final = {"totp": "TOTP", "phone": "Phone", "webauthn": "WebAuthn"}
_METHODS: Final = {"totp": "totp", "phone": "mfa/phone"}
_HOOK: Final = "mfa_verification_attempt"
_REJECTION: Final = "Further MFA verification attempts will be rejected."
_PHONE_CODE_LENGTH: Final = 6


async def enroll(context: AuthContext, request: Request) -> Response:
    current = await authenticate_member(context, request)
    if current.session is None:
        raise MFA_NO_SESSION.error()
    params = await context.read(request, EnrollFactorParams)
    kind = params.factor_type
    if kind not in _NAMES:
        raise FACTOR_TYPE.error()
    _require_enabled(context, kind, "enroll")
    enroll_factor = _enroll_totp if kind == "totp" else _enroll_phone
    async with context.transaction() as connection:
        answer = await enroll_factor(context, connection, current, params)
        traits = {"factor_id": answer["id"], "factor_type": kind}
        address = client_address(request)
        await record(connection, current.user, "factor_in_progress", traits, address)
    return JSONResponse(answer)


async def challenge(context: AuthContext, request: Request) -> Response:
    current = await authenticate_member(context, request)
    context.limiter.check_request(request, "mfa")
    async with context.transaction() as connection:
        factor = await _find_named(connection, request, current.user)
        _require_enabled(context, factor.type, "verify")
        code = None
        if factor.type == "phone":
            messenger = Messenger(context, request, connection)
            params = await context.read(request, ChallengeFactorParams, may_be_empty=True)
            code = await _send_code(messenger, current.user, factor, params)
        address = client_address(request)
        challenge_id, created_at = await insert_challenge(connection, factor.id, address, code)
        traits = {"factor_id": str(factor.id), "factor_status": factor.status}
        await record(connection, current.user, "challenge_created", traits, address)
    expires = int(created_at.timestamp() + context.config.mfa.challenge_seconds)
    return JSONResponse({"id": str(challenge_id), "type": factor.type, "expires_at": expires})


async def verify(context: AuthContext, request: Request) -> Response:
    current = await authenticate_member(context, request)
    context.limiter.check_request(request, "mfa")
    async with context.transaction() as connection:
        factor = await _find_named(connection, request, current.user)
    params = await context.read(request, VerifyFactorParams)
    if not params.code:
        raise MFA_CODE_MISSING.error()
    _require_enabled(context, factor.type, "verify")
    with context.limiter.attempt(request, "mfa", str(current.user.id)):
        return await _verify(context, request, current, factor, params)


async def _verify(
    context: AuthContext,
    request: Request,
    current: CurrentUser,
    factor: Factor,
    params: VerifyFactorParams,
) -> Response:
    async with context.transaction() as connection:
        found = await _check_challenge(context, connection, request, factor, params)
        if isinstance(found, AuthError):
            failure, rejects = found, False
        else:
            is_valid = await _is_code(connection, factor, found, params.code)
            rejects = await _call_hook(context, connection, request, factor, is_valid=is_valid)
            wrong = MFA_TOTP_WRONG if factor.type == "totp" else MFA_PHONE_WRONG
            failure = None if is_valid else wrong.error()
            if not rejects and failure is None:
                messenger = Messenger(context, request, connection)
                answer = await _complete(messenger, current, factor, (found, params.code))
                return render_token_response(answer)
    if isinstance(rejects, str):
        raise MFA_REJECTED.error(message=rejects)
    assert failure is not None
    raise failure


async def unenroll(context: AuthContext, request: Request) -> Response:
    current = await authenticate_member(context, request)
    async with context.transaction() as connection:
        factor = await _find_named(connection, request, current.user)
        if factor.is_verified and (current.session is None or current.session.aal != "aal2"):
            raise AAL2_UNENROLL.error()
        await delete_factor(connection, factor.id)
        await lower_level(connection, current.user.id, factor.id)
        traits = {"factor_id": str(factor.id), "factor_status": factor.status}
        address = client_address(request)
        await record(connection, current.user, "factor_unenrolled", traits, address)
        messenger = Messenger(context, request, connection)
        kind, user = "mfa_factor_unenrolled_notification", current.user
        await messenger.notify(kind, user, user.email, FactorType=factor.type)
    return JSONResponse({"id": str(factor.id)})


async def _find_named(connection: Connection, request: Request, user: User) -> Factor:
    try:
        factor_id = UUID(request.path_params["factor_id"])
    except ValueError as exc:
        raise FACTOR_ID_INVALID.error() from exc
    factor = await find_factor(connection, factor_id, user.id)
    if factor is None:
        raise FACTOR_UNKNOWN.error()
    return factor


def _require_enabled(context: AuthContext, kind: str, what: str) -> None:
    """Raise mfa_…_not_enabled where the settings say so; WebAuthn factors are not served."""
    if getattr(context.config.mfa, f"{kind}_{what}", False):
        return
    verb = "enroll" if what == "enroll" else "verification"
    code = f"mfa_{kind}_{what}_not_enabled"
    raise AuthError(422, code, f"MFA {verb} is disabled for {_NAMES[kind]}")


async def _check_room(
    context: AuthContext, connection: Connection, current: CurrentUser, name: str
) -> None:
    """Refuse a name that is taken, too many factors, and sessions below the user's level."""
    config = context.config.mfa
    await delete_expired_factors(connection, current.user.id, config.factor_seconds)
    factors = (await reload_user(connection, current.user.id)).factors
    if name and any(factor.get("friendly_name") == name for factor in factors):
        raise FACTOR_NAME.error(name=name)
    if not name and any(not factor.get("friendly_name") for factor in factors):
        raise FACTOR_NAME.error(name="")
    if len(factors) >= config.max_factors:
        raise FACTORS_FULL.error()
    has_verified = any(factor["status"] == "verified" for factor in factors)
    if has_verified and current.session and current.session.aal != "aal2":
        raise AAL2_ENROLL.error()


async def _enroll_totp(
    context: AuthContext, connection: Connection, current: CurrentUser, params: EnrollFactorParams
) -> dict[str, Any]:
    await _check_room(context, connection, current, params.friendly_name)
    secret = totp.generate_secret()
    issuer = params.issuer or urlsplit(context.config.site_url).netloc
    uri = totp.provisioning_uri(secret, issuer, current.user.email)
    name = params.friendly_name
    factor = await insert_factor(connection, current.user.id, "totp", name, secret=secret)
    return {
        "id": str(factor.id),
        "type": "totp",
        "friendly_name": name,
        "totp": {"qr_code": totp.render_qr_code(uri), "secret": secret, "uri": uri},
    }


async def _enroll_phone(
    context: AuthContext, connection: Connection, current: CurrentUser, params: EnrollFactorParams
) -> dict[str, Any]:
    if not params.phone:
        raise FACTOR_PHONE_MISSING.error()
    phone = parse_phone(params.phone)
    for entry in current.user.factors:
        if entry["factor_type"] == "phone" and entry.get("phone") == phone:
            if entry["status"] == "verified":
                raise FACTOR_PHONE_VERIFIED.error()
            await delete_factor(connection, UUID(entry["id"]))
    await _check_room(context, connection, current, params.friendly_name)
    name = params.friendly_name
    factor = await insert_factor(connection, current.user.id, "phone", name, phone=phone)
    return {
        "id": str(factor.id),
        "type": "phone",
        "friendly_name": name,
        "phone": params.phone,
    }


async def _send_code(
    messenger: Messenger, user: User, factor: Factor, params: ChallengeFactorParams
) -> str:
    """Send a text message to the factor's phone; returns its code."""
    if (params.channel or "sms") not in ("sms", "whatsapp"):
        raise CHANNEL_INVALID.error()
    config = messenger.context.config.mfa
    if factor.last_challenged_at:
        waited = (now() - factor.last_challenged_at).total_seconds()
        if waited < config.phone_max_frequency:
            raise SMS_TOO_OFTEN.error(seconds=int(config.phone_max_frequency - waited))
    code = generate_code(_PHONE_CODE_LENGTH)
    template = config.phone_template
    await messenger.deliver_text(user, factor.phone, code, template, sms_type="mfa")
    return code


async def _check_challenge(
    context: AuthContext,
    connection: Connection,
    request: Request,
    factor: Factor,
    params: VerifyFactorParams,
) -> Challenge | AuthError:
    """Return the challenge, or the error to raise after the commit."""
    try:
        challenge_id = UUID(params.challenge_id)
    except ValueError:
        return CHALLENGE_UNKNOWN.error()
    found = await find_challenge(connection, challenge_id, factor.id)
    if found is None:
        return CHALLENGE_UNKNOWN.error()
    if found.verified_at or found.address != client_address(request):
        return CHALLENGE_ADDRESS.error()
    if (now() - found.created_at).total_seconds() > context.config.mfa.challenge_seconds:
        await delete_challenge(connection, found.id)
        return CHALLENGE_EXPIRED.error(id=found.id)
    return found


async def _is_code(connection: Connection, factor: Factor, found: Challenge, code: str) -> bool:
    if factor.type == "phone":
        return hmac.compare_digest(found.code.encode(), code.encode())
    period = totp.matching_period(factor.secret, code, time.time())
    return period is not None and not await is_code_used(connection, factor.id, f"{period}")


async def _call_hook(
    context: AuthContext,
    connection: Connection,
    request: Request,
    factor: Factor,
    *,
    is_valid: bool,
) -> str | bool:
    """Run the verification hook; returns its message if it rejects, which ends all sessions."""
    if not context.hooks.has(_HOOK):
        return False
    payload = {
        "user_id": str(factor.user_id),
        "factor_id": str(factor.id),
        "factor_type": factor.type,
        "valid": is_valid,
    }
    answer = await context.hooks.invoke(_HOOK, connection, payload, client_address(request))
    if answer.get("decision") != "reject":
        return False
    await delete_sessions(connection, factor.user_id)
    return str(answer.get("message") or _REJECTION)


async def _complete(
    messenger: Messenger, current: CurrentUser, factor: Factor, proof: tuple[Challenge, str]
) -> dict[str, Any]:
    """Raise the session to aal2, end the user's lower ones, and return its new tokens."""
    context, connection, request = messenger.context, messenger.connection, messenger.request
    user, found = current.user, proof[0]
    if current.session is None:
        raise MFA_NO_SESSION.error()
    traits = {"factor_id": str(factor.id), "challenge_id": str(found.id)}
    await record(connection, user, "verification_attempted", traits, client_address(request))
    used = None
    if factor.type == "totp":
        used = str(totp.matching_period(factor.secret, proof[1], time.time()))
    await verify_challenge(connection, found.id, used)
    if not factor.is_verified:
        await verify_factor(connection, factor.id)
    session = await _raise_session(connection, current.session, factor)
    token = await rotate(connection, user.id, session.id, None)
    await delete_low_sessions(connection, user.id)
    await delete_unverified_factors(connection, user.id, factor.type)
    user = await reload_user(connection, user.id)
    if not factor.is_verified:
        kind = "mfa_factor_enrolled_notification"
        await messenger.notify(kind, user, user.email, FactorType=factor.type)
    method = _METHODS[factor.type]
    return await issue_tokens(context, connection, request, user, (session, token), method)


async def _raise_session(connection: Connection, session: Session, factor: Factor) -> Session:
    await add_method(connection, session.id, _METHODS[factor.type])
    await raise_level(connection, session.id, factor.id)
    raised = await fetch_session(connection, session.id)
    assert raised is not None  # the request's own session, in its transaction
    return raised
