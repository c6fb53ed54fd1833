"""POST /admin/generate_link: make the link of a mail without sending it.

Follows supabase/auth (internal/api/mail.go, adminGenerateLink).
"""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.audit import administrator, record
from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.current_user import require_admin
from edge.emulator.auth.errors import (
    EMAIL_EXISTS,
    LINK_INSECURE,
    LINK_TYPE,
    LINK_USER_UNKNOWN,
    PASSWORD_MISSING,
)
from edge.emulator.auth.one_time_tokens import generate_code, hash_code, store_token
from edge.emulator.auth.password import check_strength, generate_password, hash_password
from edge.emulator.auth.redirects import choose_redirect
from edge.emulator.auth.registration import (
    add_identities,
    call_after_created,
    call_before_created,
    plan_user,
    store_user,
)
from edge.emulator.auth.schemas import GenerateLinkParams
from edge.emulator.auth.user import User, merge_metadata, parse_email, render_user
from edge.emulator.auth.users import fetch_duplicate, fetch_user_by_email, update_user
from edge.emulator.postgres.pool import Connection

_EMAIL_CHANGES: Final = ("email_change_current", "email_change_new")
_TYPES: Final = ("signup", "invite", "magiclink", "recovery", *_EMAIL_CHANGES)
_PATHS: Final = {"signup": "confirmation", "invite": "invite"}


@dataclass(frozen=True, slots=True)
class _Link:
    """What was asked for: `type` as resolved, the code, and its hash."""

    type: str
    code: str
    token_hash: str


async def generate_link(context: AuthContext, request: Request) -> Response:
    role = require_admin(context, request)
    params = await context.read(request, GenerateLinkParams)
    email = parse_email(params.email)
    params = params.model_copy(update={"email": email})
    redirect = choose_redirect(context.config, request, params.redirect_to)
    async with context.transaction() as connection:
        user = await fetch_user_by_email(connection, email, context.audience(request))
    kind = _resolve_type(params.type, user)
    password_hash = ""
    if user is None and kind == "signup":
        password_hash = await _hash_password(context, params)
    code = generate_code(context.config.mail.otp_length)
    link = _Link(kind, code, hash_code(email, code))
    async with context.transaction() as connection:
        if user is None:
            user = await _create(context, connection, request, params, password_hash)
            is_new = True
        else:
            is_new = False
        user, token_hash = await _store(context, connection, user, params, link)
        if kind == "invite":
            await record(connection, administrator(role), "user_invited")
        if is_new:
            await call_after_created(context, connection, request, user)
    is_change = kind in _EMAIL_CHANGES
    url = context.delivery.confirmation_url(
        "email_change" if is_change else _PATHS.get(kind, "recovery"),
        "email_change" if is_change else kind,
        token_hash,
        redirect,
    )
    answer = render_user(user) | {
        "action_link": url,
        "email_otp": code,
        "hashed_token": link.token_hash,
        "verification_type": kind,
        "redirect_to": redirect,
    }
    return JSONResponse(answer)


def _resolve_type(kind: str, user: User | None) -> str:
    """Return the type; a magic link to an unknown address is a sign-up."""
    if kind not in _TYPES:
        raise LINK_TYPE.error(type=kind)
    if user is None:
        if kind == "magiclink":
            return "signup"
        if kind not in ("signup", "invite"):
            raise LINK_USER_UNKNOWN.error()
    return kind


async def _hash_password(context: AuthContext, params: GenerateLinkParams) -> str:
    if params.type == "magiclink":
        return await hash_password(generate_password(context.config.password))
    if not params.password:
        raise PASSWORD_MISSING.error()
    check_strength(params.password, context.config.password)
    return await hash_password(params.password)


async def _create(
    context: AuthContext,
    connection: Connection,
    request: Request,
    params: GenerateLinkParams,
    password_hash: str,
) -> User:
    aud = context.audience(request)
    user = plan_user(params.email, "", aud, password_hash, params.data)
    await call_before_created(context, connection, request, user)
    user = await store_user(context, connection, user)
    return await add_identities(connection, user)


async def _store(
    context: AuthContext,
    connection: Connection,
    user: User,
    params: GenerateLinkParams,
    link: _Link,
) -> tuple[User, str]:
    """Store the link's hash; returns the user and the hash that the link holds."""
    if link.type in _EMAIL_CHANGES:
        return await _store_change(context, connection, user, params, link)
    columns: dict[str, Any] = {}
    if link.type in ("signup", "invite"):
        if user.email_confirmed_at:
            raise EMAIL_EXISTS.error()
        if link.type == "signup" and params.data:
            merged = merge_metadata(user.raw_user_meta_data, params.data)
            columns["raw_user_meta_data"] = merged
        token, sent = "confirmation_token", "confirmation_sent_at"
    else:
        await record(connection, user, "user_recovery_requested")
        token, sent = "recovery_token", "recovery_sent_at"
    columns |= {token: link.token_hash, sent: now()}
    if link.type == "invite":
        columns["invited_at"] = columns[sent]
    await store_token(connection, user.id, token, link.token_hash, user.email)
    return await update_user(connection, user.id, **columns), link.token_hash


async def _store_change(
    context: AuthContext,
    connection: Connection,
    user: User,
    params: GenerateLinkParams,
    link: _Link,
) -> tuple[User, str]:
    if not context.config.mail.secure_email_change and link.type == "email_change_current":
        raise LINK_INSECURE.error()
    new = parse_email(params.new_email)
    if await fetch_duplicate(connection, new, user.aud, user.id):
        raise EMAIL_EXISTS.error()
    is_new = link.type == "email_change_new"
    token_hash = hash_code(new, link.code) if is_new else link.token_hash
    kind = "email_change_token_new" if is_new else "email_change_token_current"
    columns: dict[str, Any] = {
        kind: token_hash,
        "email_change": new,
        "email_change_sent_at": now(),
        "email_change_confirm_status": 0,
    }
    await store_token(connection, user.id, kind, token_hash, new if is_new else user.email)
    return await update_user(connection, user.id, **columns), token_hash
