"""POST /signup: create a user with an address, or an anonymous one.

Follows supabase/auth (internal/api/signup.go, anonymous.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    ANONYMOUS_DISABLED,
    CHANNEL_INVALID,
    EMAIL_SIGNUPS_DISABLED,
    PASSWORD_MISSING,
    PHONE_SIGNUPS_DISABLED,
    SIGNUP_BOTH,
    SIGNUP_DISABLED,
    SIGNUP_PKCE_PHONE,
    USER_EXISTS,
)
from edge.emulator.auth.flow_state import check_challenge, start_flow
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.password import check_strength, hash_password
from edge.emulator.auth.registration import (
    add_first_identity,
    call_after_created,
    call_before_created,
    confirm_or_mail,
    plan_user,
    store_user,
)
from edge.emulator.auth.schemas import SignupParams
from edge.emulator.auth.token_response import issue_session, render_token_response
from edge.emulator.auth.user import User, parse_email, parse_phone, render_user
from edge.emulator.auth.users import fetch_duplicate, fetch_user_by_phone
from edge.emulator.postgres.pool import Connection

_CHANNELS: Final = ("sms", "whatsapp")


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The outcome of a sign-up; `is_repeated` if a confirmed user had the address already."""

    user: User
    is_repeated: bool = False

    @property
    def is_confirmed(self) -> bool:
        return bool(self.user.email_confirmed_at or self.user.phone_confirmed_at)


async def sign_up(context: AuthContext, request: Request) -> Response:
    params = await context.read(request, SignupParams)
    if not params.email and not params.phone:
        if not context.config.anonymous_enabled:
            raise ANONYMOUS_DISABLED.error()
        context.limiter.check_request(request, "anonymous")
        return await _sign_up_anonymously(context, request, params)
    context.limiter.check_request(request, "sign_in")
    params, password_hash = await prepare(context, params)
    async with context.transaction() as connection:
        outcome = await register(context, connection, request, params, password_hash)
        if not outcome.is_repeated and outcome.is_confirmed:
            return await _sign_in(context, connection, request, outcome.user)
    if outcome.is_repeated:
        return _render_repeated(context, outcome.user, params)
    user = outcome.user
    if user.invited_at:
        user = replace(user, raw_user_meta_data={}, identities=())
    return JSONResponse(render_user(user))


async def prepare(context: AuthContext, params: SignupParams) -> tuple[SignupParams, str]:
    """Validate the parameters; returns them with a normalised address, and the password's hash.

    The password is hashed for known addresses too, so that the response takes as long.
    """
    if context.config.disable_signup:
        raise SIGNUP_DISABLED.error()
    checked = _check(context, params)
    return checked, await hash_password(checked.password)


async def register(
    context: AuthContext,
    connection: Connection,
    request: Request,
    params: SignupParams,
    password_hash: str,
) -> SignedUp:
    """Create the user, or find the unconfirmed one, and confirm it or send its message."""
    aud = context.audience(request)
    if params.email:
        user = await fetch_duplicate(connection, params.email, aud)
        confirmed_at = user and user.email_confirmed_at
    else:
        user = await fetch_user_by_phone(connection, params.phone, aud)
        confirmed_at = user and user.phone_confirmed_at
    if user and confirmed_at:
        await record(connection, user, "user_repeated_signup", {"provider": _provider(params)})
        return SignedUp(user, is_repeated=True)
    is_new = user is None
    if user is None:
        user = plan_user(params.email, params.phone, aud, password_hash, params.data)
        await call_before_created(context, connection, request, user)
        user = await store_user(context, connection, user)
    if user.find_identity(_provider(params)) is None:
        user = await add_first_identity(connection, user, params.data)
    is_pkce = bool(params.code_challenge)
    if is_pkce and not context.config.mail.autoconfirm:
        await start_flow(connection, params, "email/signup", user.id, provider="email")
    messenger = Messenger(context, request, connection)
    user = await confirm_or_mail(messenger, user, is_pkce=is_pkce)
    if is_new:
        await call_after_created(context, connection, request, user)
    return SignedUp(user)


def _check(context: AuthContext, params: SignupParams) -> SignupParams:
    """Validate the parameters in GoTrue's order; returns them with the address normalised."""
    if not params.password:
        raise PASSWORD_MISSING.error()
    check_strength(params.password, context.config.password)
    if params.email and params.phone:
        raise SIGNUP_BOTH.error()
    if params.phone and (params.channel or "sms") not in _CHANNELS:
        raise CHANNEL_INVALID.error()
    if params.phone and params.code_challenge:
        raise SIGNUP_PKCE_PHONE.error()
    check_challenge(params)
    if params.email:
        if not context.config.email_enabled:
            raise EMAIL_SIGNUPS_DISABLED.error()
        return params.model_copy(update={"email": parse_email(params.email)})
    if not context.config.phone_enabled:
        raise PHONE_SIGNUPS_DISABLED.error()
    return params.model_copy(update={"phone": parse_phone(params.phone)})


async def _sign_in(
    context: AuthContext, connection: Connection, request: Request, user: User
) -> Response:
    provider = "email" if user.email else "phone"
    await record(connection, user, "login", {"provider": provider})
    answer = await issue_session(context, connection, request, user, "password")
    _show_as_just_confirmed(answer["user"])
    return render_token_response(answer)


def _show_as_just_confirmed(user: dict[str, Any]) -> None:
    """Show what upstream shows: no confirmed_at yet, and the identity as verified."""
    user.pop("confirmed_at", None)
    for identity in user["identities"]:
        if identity["provider"] == "email":
            identity["identity_data"] = {**identity["identity_data"], "email_verified": True}


def _render_repeated(context: AuthContext, user: User, params: SignupParams) -> Response:
    """Refuse, or where users confirm their address answer as if it were new: no enumeration."""
    if context.config.mail.autoconfirm or context.config.sms.autoconfirm:
        raise USER_EXISTS.error()
    provider = _provider(params)
    moment = now()
    shown = User(
        id=uuid4(),
        aud=user.aud,
        email=user.email if provider == "email" else "",
        phone=user.phone if provider == "phone" else "",
        confirmation_sent_at=moment,
        raw_app_meta_data={"provider": provider, "providers": [provider]},
        raw_user_meta_data=params.data,
        created_at=moment,
        updated_at=moment,
    )
    return JSONResponse(render_user(shown))


async def _sign_up_anonymously(
    context: AuthContext, request: Request, params: SignupParams
) -> Response:
    if context.config.disable_signup:
        raise SIGNUP_DISABLED.error()
    data: Mapping[str, Any] = params.data
    user = User(aud=context.audience(request), raw_user_meta_data=data, is_anonymous=True)
    async with context.transaction() as connection:
        await call_before_created(context, connection, request, user)
        user = await store_user(context, connection, user)
        answer = await issue_session(context, connection, request, user, "anonymous")
        await call_after_created(context, connection, request, user)
    return render_token_response(answer)


def _provider(params: SignupParams) -> str:
    return "email" if params.email else "phone"
