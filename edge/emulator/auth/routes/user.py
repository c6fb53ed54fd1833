"""GET and PUT /user: read and update the current user.

Follows supabase/auth (internal/api/user.go).
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.confirmations import Proof, confirm_by_phone, confirm_email_change
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.current_user import CurrentUser, authenticate
from edge.emulator.auth.errors import (
    AAL2_UPDATE,
    ANONYMOUS_PASSWORD,
    CHANNEL_INVALID,
    EMAIL_EXISTS,
    NONCE_INVALID,
    NOT_ADMIN_METADATA,
    PASSWORD_CURRENT_MISSING,
    PASSWORD_CURRENT_WRONG,
    PASSWORD_SAME,
    PHONE_EXISTS,
    REAUTHENTICATION_NEEDED,
    SSO_MANAGED,
    UNEXPECTED_AUDIENCE,
    USER_GONE,
)
from edge.emulator.auth.flow_state import check_challenge, start_flow
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.one_time_tokens import clear_tokens, hash_code, is_same_hash
from edge.emulator.auth.password import check_strength, hash_password, is_password
from edge.emulator.auth.schemas import UserUpdateParams
from edge.emulator.auth.sessions import Scope, delete_sessions
from edge.emulator.auth.user import (
    User,
    merge_metadata,
    parse_email,
    parse_phone,
    render_user,
)
from edge.emulator.auth.users import fetch_duplicate, fetch_user, fetch_user_by_phone, update_user
from edge.emulator.postgres.pool import Connection

_FRESH: Final = timedelta(hours=24)
_TOKENS: Final = (
    *("confirmation_token", "recovery_token", "email_change_token_current"),
    *("email_change_token_new", "phone_change_token", "reauthentication_token"),
)
_TIMES: Final = (
    *("confirmation_sent_at", "recovery_sent_at", "email_change_sent_at"),
    *("phone_change_sent_at", "reauthentication_sent_at"),
)


async def show_user(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    if (request.headers.get("x-jwt-aud") or current.audience) != current.audience:
        raise UNEXPECTED_AUDIENCE.error()
    if not current.audience:
        raise UNEXPECTED_AUDIENCE.error()
    return JSONResponse(render_user(current.user))


async def change_user(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    context.limiter.check_request(request, "sign_in")
    params = _check(context, await context.read(request, UserUpdateParams))
    _check_rights(context, current, params)
    password_hash = await _hash_new_password(context, current, params)
    try:
        async with context.transaction() as connection:
            user = await fetch_user(connection, current.user.id, lock=True)
            if user is None:
                raise USER_GONE.error()
            await _check_duplicates(connection, user, params)
            messenger = Messenger(context, request, connection)
            if params.password is not None:
                await _check_nonce(context, connection, current, params)
                user = await _set_password(messenger, current, user, password_hash)
            user = await _set_metadata(connection, user, params)
            user = await _change_addresses(messenger, user, params)
            await record(connection, user, "user_modified")
    except UniqueViolation as exc:
        raise (PHONE_EXISTS if "phone" in str(exc) else EMAIL_EXISTS).error() from exc
    return JSONResponse(render_user(user))


def _check(context: AuthContext, params: UserUpdateParams) -> UserUpdateParams:
    """Validate; returns the parameters with the addresses normalised."""
    if params.email:
        params = params.model_copy(update={"email": parse_email(params.email)})
    if params.phone:
        params = params.model_copy(update={"phone": parse_phone(params.phone)})
        if (params.channel or "sms") not in ("sms", "whatsapp"):
            raise CHANNEL_INVALID.error()
    if params.password is not None:
        check_strength(params.password, context.config.password)
    check_challenge(params)
    return params


def _check_rights(context: AuthContext, current: CurrentUser, params: UserUpdateParams) -> None:
    user, session = current.user, current.session
    del context
    if params.app_metadata is not None and user.role != "admin":
        raise NOT_ADMIN_METADATA.error()
    changes_email = bool(params.email) and params.email != user.email
    changes_phone = bool(params.phone) and params.phone != user.phone
    changes = bool(params.password) or changes_email or changes_phone
    if changes and user.has_verified_factor and (session is None or session.aal != "aal2"):
        raise AAL2_UPDATE.error()
    if user.is_anonymous and params.password and not params.email and not params.phone:
        raise ANONYMOUS_PASSWORD.error()
    if user.is_sso_user and (changes or params.nonce):
        raise SSO_MANAGED.error()


async def _check_duplicates(connection: Connection, user: User, params: UserUpdateParams) -> None:
    if (
        params.email
        and params.email != user.email
        and await fetch_duplicate(connection, params.email, user.aud, user.id)
    ):
        raise EMAIL_EXISTS.error()
    if (
        params.phone
        and params.phone != user.phone
        and await fetch_user_by_phone(connection, params.phone, user.aud)
    ):
        raise PHONE_EXISTS.error()


async def _hash_new_password(
    context: AuthContext, current: CurrentUser, params: UserUpdateParams
) -> str:
    """Return the hash of the new password; raises same_password or current_password_required."""
    if not params.password:
        return ""
    stored = current.user.encrypted_password
    if stored:
        if context.config.password.requires_current and not (
            current.session and current.session.is_recovery
        ):
            if not params.current_password:
                raise PASSWORD_CURRENT_MISSING.error()
            if not await is_password(params.current_password, stored):
                raise PASSWORD_CURRENT_WRONG.error()
        if await is_password(params.password, stored):
            raise PASSWORD_SAME.error()
    return await hash_password(params.password)


async def _check_nonce(
    context: AuthContext, connection: Connection, current: CurrentUser, params: UserUpdateParams
) -> None:
    """Require a fresh session or the code of /reauthenticate, if the settings say so."""
    if not context.config.password.requires_reauthentication:
        return
    if current.session and now() - current.session.created_at < _FRESH:
        return
    if not params.nonce:
        raise REAUTHENTICATION_NEEDED.error()
    user = current.user
    address = user.email or user.phone
    sent_at = user.reauthentication_sent_at
    seconds = context.config.mail.otp_seconds if user.email else context.config.sms.otp_seconds
    is_valid = is_same_hash(hash_code(address, params.nonce), user.reauthentication_token)
    if not is_valid or sent_at is None or (now() - sent_at).total_seconds() > seconds:
        raise NONCE_INVALID.error()
    await clear_tokens(connection, user.id)
    await update_user(connection, user.id, reauthentication_token="")


async def _set_password(
    messenger: Messenger, current: CurrentUser, user: User, password_hash: str
) -> User:
    """Store the password, void all codes, and end the user's other sessions."""
    connection = messenger.connection
    columns: dict[str, Any] = {**dict.fromkeys(_TOKENS, ""), **dict.fromkeys(_TIMES)}
    await clear_tokens(connection, user.id)
    await delete_sessions(connection, user.id, current.session_id, Scope.OTHERS)
    user = await update_user(connection, user.id, encrypted_password=password_hash, **columns)
    await record(connection, user, "user_updated_password")
    await messenger.notify("password_changed_notification", user, user.email)
    return user


async def _set_metadata(connection: Connection, user: User, params: UserUpdateParams) -> User:
    columns: dict[str, Any] = {}
    if params.data is not None:
        columns["raw_user_meta_data"] = merge_metadata(user.raw_user_meta_data, params.data)
    if params.app_metadata is not None:
        merged = merge_metadata(user.raw_app_meta_data, params.app_metadata)
        columns["raw_app_meta_data"] = merged
    return await update_user(connection, user.id, **columns) if columns else user


async def _change_addresses(messenger: Messenger, user: User, params: UserUpdateParams) -> User:
    """Send the messages that confirm new addresses, or set them at once where that is allowed."""
    config, connection = messenger.context.config, messenger.connection
    if params.email and params.email != user.email:
        if user.is_anonymous and config.mail.autoconfirm:
            changing = replace(user, email_change=params.email)
            user = (
                await confirm_email_change(messenger, Proof(changing, "email_change", "")) or user
            )
        else:
            is_pkce = bool(params.code_challenge)
            if is_pkce:
                await start_flow(connection, params, "email_change", user.id)
            user = await messenger.send_email_change(user, params.email, is_pkce=is_pkce)
    if params.phone and params.phone != user.phone:
        if config.sms.autoconfirm:
            proof = Proof(user, "phone_change", "", params.phone)
            user = await confirm_by_phone(messenger, proof)
        else:
            user, _ = await messenger.send_text(user, params.phone, "phone_change")
    return user
