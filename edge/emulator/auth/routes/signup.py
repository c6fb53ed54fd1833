"""POST /signup: create a user and sign it in at once, since no mail is sent to confirm it.

Follows supabase/auth (internal/api/signup.go).
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    ANONYMOUS_DISABLED,
    PASSWORD_MISSING,
    PHONE_DISABLED,
    USER_EXISTS,
)
from edge.emulator.auth.password import check_strength, hash_password
from edge.emulator.auth.schemas import SignupBody
from edge.emulator.auth.token_response import open_session
from edge.emulator.auth.user import User, email_profile, merge_metadata, parse_email
from edge.emulator.auth.users import insert_user


async def sign_up(context: AuthContext, request: Request) -> Response:
    body = await context.read(request, SignupBody)
    user = await _plan_user(context, body)
    async with context.transaction() as connection:
        stored = await insert_user(connection, user)
        if stored is None:
            raise USER_EXISTS.error()
        return await open_session(context, connection, stored, request)


async def _plan_user(context: AuthContext, body: SignupBody) -> User:
    if body.phone:
        raise PHONE_DISABLED.error()
    if not body.email and not body.password:
        raise ANONYMOUS_DISABLED.error()
    if not body.password:
        raise PASSWORD_MISSING.error()
    email = parse_email(body.email or "")
    check_strength(body.password, context.config.min_password_length)
    user = User(
        email,
        encrypted_password=await hash_password(body.password),
        email_confirmed_at=now(),
        raw_app_meta_data={"provider": "email", "providers": ["email"]},
    )
    return _with_profile(user, email, body)


def _with_profile(user: User, email: str, body: SignupBody) -> User:
    profile = email_profile(user.id, email, is_verified=True)
    return replace(user, raw_user_meta_data=merge_metadata(body.data or {}, profile))
