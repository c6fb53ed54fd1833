"""POST /otp, /magiclink, /recover, /resend and GET /reauthenticate: send a code or a link.

Follows supabase/auth (internal/api/otp.go, magic_link.go, recover.go, resend.go,
reauthenticate.go). Unknown addresses are answered like known ones.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.current_user import authenticate
from edge.emulator.auth.errors import (
    CHANNEL_INVALID,
    EMAIL_LOGINS_DISABLED,
    MAGIC_LINK_NO_EMAIL,
    OTP_BOTH,
    OTP_CHANNEL,
    OTP_DISABLED,
    OTP_MISSING,
    OTP_PHONE_DISABLED,
    REAUTHENTICATION_EMAIL,
    REAUTHENTICATION_NO_ADDRESS,
    REAUTHENTICATION_PHONE,
    RECOVERY_NO_EMAIL,
    RESEND_BOTH,
    RESEND_EMAIL_DISABLED,
    RESEND_NO_EMAIL,
    RESEND_NO_PHONE,
    RESEND_NONE,
    RESEND_PHONE_DISABLED,
    RESEND_TYPE,
)
from edge.emulator.auth.flow_state import check_challenge, start_flow
from edge.emulator.auth.messages import (
    CONFIRMATION,
    MAGIC_LINK,
    REAUTHENTICATION,
    RECOVERY,
    Messenger,
)
from edge.emulator.auth.password import generate_password
from edge.emulator.auth.routes.signup import prepare, register
from edge.emulator.auth.schemas import (
    OtpParams,
    RecoverParams,
    ResendConfirmationParams,
    SignupParams,
)
from edge.emulator.auth.user import User, parse_email, parse_phone
from edge.emulator.auth.users import fetch_user_by_email, fetch_user_by_phone
from edge.emulator.postgres.pool import Connection


async def send_otp(context: AuthContext, request: Request) -> Response:
    context.limiter.check_request(request, "sign_in")
    params = await context.read(request, OtpParams)
    if params.email and params.phone:
        raise OTP_BOTH.error()
    if params.email and params.channel:
        raise OTP_CHANNEL.error()
    check_challenge(params)
    if not params.create_user:
        await _require_user(context, request, params)
    if params.email:
        return await _send_magic_link(context, request, params)
    if params.phone:
        return await _send_code(context, request, params)
    raise OTP_MISSING.error()


async def send_magic_link(context: AuthContext, request: Request) -> Response:
    context.limiter.check_request(request, "sign_in")
    return await _send_magic_link(context, request, await context.read(request, OtpParams))


async def send_recovery(context: AuthContext, request: Request) -> Response:
    context.limiter.check_request(request, "sign_in")
    if not context.config.email_enabled:
        raise EMAIL_LOGINS_DISABLED.error()
    params = await context.read(request, RecoverParams)
    if not params.email:
        raise RECOVERY_NO_EMAIL.error()
    email = parse_email(params.email)
    check_challenge(params)
    async with context.transaction() as connection:
        user = await fetch_user_by_email(connection, email, context.audience(request))
        if user is None:
            return JSONResponse({})
        if params.code_challenge:
            await start_flow(connection, params, "recovery", user.id)
        await record(connection, user, "user_recovery_requested")
        messenger = Messenger(context, request, connection)
        await messenger.send(RECOVERY, user, is_pkce=bool(params.code_challenge))
    return JSONResponse({})


async def resend(context: AuthContext, request: Request) -> Response:
    context.limiter.check_request(request, "sign_in")
    params = _check_resend(context, await context.read(request, ResendConfirmationParams))
    aud = context.audience(request)
    async with context.transaction() as connection:
        if params.email:
            user = await fetch_user_by_email(connection, params.email, aud)
        else:
            user = await fetch_user_by_phone(connection, params.phone, aud)
        if user is None or _is_settled(user, params.type):
            return JSONResponse({})
        message_id = await _resend(Messenger(context, request, connection), user, params)
    return JSONResponse({"message_id": message_id} if message_id else {})


async def reauthenticate(context: AuthContext, request: Request) -> Response:
    user = (await authenticate(context, request)).user
    if not user.email and not user.phone:
        raise REAUTHENTICATION_NO_ADDRESS.error()
    if user.email and user.email_confirmed_at is None:
        raise REAUTHENTICATION_EMAIL.error()
    if not user.email and user.phone_confirmed_at is None:
        raise REAUTHENTICATION_PHONE.error()
    answer: dict[str, Any] = {}
    async with context.transaction() as connection:
        await record(connection, user, "user_reauthenticate_requested")
        messenger = Messenger(context, request, connection)
        if user.email:
            await messenger.send(REAUTHENTICATION, user)
        else:
            _, message_id = await messenger.send_text(user, user.phone, "reauthentication")
            answer = {"message_id": message_id}
    return JSONResponse(answer)


async def _require_user(context: AuthContext, request: Request, params: OtpParams) -> None:
    """Raise otp_disabled if the address is unknown."""
    aud = context.audience(request)
    async with context.transaction() as connection:
        if params.email:
            user = await fetch_user_by_email(connection, parse_email(params.email), aud)
        elif params.phone:
            user = await fetch_user_by_phone(connection, parse_phone(params.phone), aud)
        else:
            return
    if user is None:
        raise OTP_DISABLED.error()


async def _send_magic_link(context: AuthContext, request: Request, params: OtpParams) -> Response:
    if not context.config.email_enabled:
        raise EMAIL_LOGINS_DISABLED.error()
    if not params.email:
        raise MAGIC_LINK_NO_EMAIL.error()
    params = params.model_copy(update={"email": parse_email(params.email)})
    check_challenge(params)
    signup, password_hash = await _prepare_signup(context, params)
    async with context.transaction() as connection:
        user = await fetch_user_by_email(connection, params.email, context.audience(request))
        if user is None or user.email_confirmed_at is None:
            outcome = await register(context, connection, request, signup, password_hash)
            if not context.config.mail.autoconfirm:
                return JSONResponse({})
            user = outcome.user
        await _mail_link(context, connection, request, user, params)
    return JSONResponse({})


async def _mail_link(
    context: AuthContext,
    connection: Connection,
    request: Request,
    user: User,
    params: OtpParams,
) -> None:
    is_pkce = bool(params.code_challenge)
    if is_pkce:
        await start_flow(connection, params, "magiclink", user.id)
    await record(connection, user, "user_recovery_requested")
    await Messenger(context, request, connection).send(MAGIC_LINK, user, is_pkce=is_pkce)


async def _send_code(context: AuthContext, request: Request, params: OtpParams) -> Response:
    """Send a text message; an unknown number is signed up."""
    if not context.config.phone_enabled:
        raise OTP_PHONE_DISABLED.error()
    phone = parse_phone(params.phone)
    if (params.channel or "sms") not in ("sms", "whatsapp"):
        raise CHANNEL_INVALID.error()
    params = params.model_copy(update={"phone": phone, "code_challenge": ""})
    signup, password_hash = await _prepare_signup(context, params)
    async with context.transaction() as connection:
        user = await fetch_user_by_phone(connection, phone, context.audience(request))
        if user is None or user.phone_confirmed_at is None:
            outcome = await register(context, connection, request, signup, password_hash)
            if not context.config.sms.autoconfirm:
                return JSONResponse({})
            user = outcome.user
        await record(connection, user, "user_recovery_requested", {"channel": "sms"})
        messenger = Messenger(context, request, connection)
        _, message_id = await messenger.send_text(user, phone, "confirmation")
    return JSONResponse({"message_id": message_id} if message_id else {})


async def _prepare_signup(context: AuthContext, params: OtpParams) -> tuple[SignupParams, str]:
    """Return the sign-up that a new address leads to; where it is refused, known users go on."""
    is_phone = bool(params.phone)
    signup = SignupParams(
        email=params.email,
        phone=params.phone,
        password=generate_password(context.config.password),
        data=params.data,
        code_challenge="" if is_phone else params.code_challenge,
        code_challenge_method="" if is_phone else params.code_challenge_method,
    )
    if context.config.disable_signup:
        return signup, ""
    return await prepare(context, signup)


def _check_resend(
    context: AuthContext, params: ResendConfirmationParams
) -> ResendConfirmationParams:
    """Validate in GoTrue's order; returns the parameters with the address normalised."""
    if params.type in ("signup", "email_change"):
        check_challenge(params)
    elif params.type not in ("sms", "phone_change"):
        raise RESEND_TYPE.error()
    if not params.email and params.type == "signup":
        raise RESEND_NO_EMAIL.error()
    if not params.phone and params.type == "sms":
        raise RESEND_NO_PHONE.error()
    if params.email and params.phone:
        raise RESEND_BOTH.error()
    if params.email:
        if not context.config.email_enabled:
            raise RESEND_EMAIL_DISABLED.error()
        return params.model_copy(update={"email": parse_email(params.email)})
    if params.phone:
        if not context.config.phone_enabled:
            raise RESEND_PHONE_DISABLED.error()
        return params.model_copy(update={"phone": parse_phone(params.phone)})
    raise RESEND_NONE.error()


def _is_settled(user: User, kind: str) -> bool:
    """Whether nothing is left to confirm."""
    return {
        "signup": user.email_confirmed_at is not None,
        "sms": user.phone_confirmed_at is not None,
        "email_change": not user.email_change,
        "phone_change": not user.phone_change,
    }[kind]


async def _resend(messenger: Messenger, user: User, params: ResendConfirmationParams) -> str:
    is_pkce = bool(params.code_challenge)
    connection = messenger.connection
    message_id = ""
    if params.type == "signup":
        await record(connection, user, "user_confirmation_requested")
        if is_pkce:
            await start_flow(connection, params, "email/signup", user.id)
        await messenger.send(CONFIRMATION, user, is_pkce=is_pkce)
    elif params.type == "email_change":
        if is_pkce:
            await start_flow(connection, params, "email_change", user.id)
        await messenger.send_email_change(user, user.email_change, is_pkce=is_pkce)
    elif params.type == "sms":
        await record(connection, user, "user_recovery_requested")
        _, message_id = await messenger.send_text(user, params.phone, "confirmation")
    else:
        _, message_id = await messenger.send_text(user, user.phone_change, "phone_change")
    return message_id
