"""/users: search, sessions and factors, and short tokens to sign in as a user.

They are created, banned and deleted by Auth's own API (`forwarding.py`).
"""

import base64
import binascii
import json
import time
from datetime import date, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.caller import find_user
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import invalid, not_found
from edge.console_api.filters import like, parse_limit
from edge.console_api.sql.identity import user_claims
from edge.tokens import mint

_TOKEN_SECONDS: Final = 600
_MAX_PAGE: Final = 200
_LIST: Final = """
select id, email, phone, role, coalesce(created_at, 'epoch') as created_at, last_sign_in_at,
  confirmed_at, banned_until,
  is_anonymous, raw_app_meta_data as app_metadata,
  (select count(*) from auth.mfa_factors f where f.user_id = u.id and f.status = 'verified')::int
    as factors,
  (select count(*) from auth.sessions s where s.user_id = u.id)::int as sessions
from auth.users u
where ($1 = '' or email ilike $2 or phone like $2 or id::text like $2)
  and ($3::timestamptz is null or (coalesce(created_at, 'epoch'), id) < ($3::timestamptz, $4::uuid))
order by coalesce(created_at, 'epoch') desc, id desc limit $5"""
_USER: Final = """
select id, aud, role, email, phone, created_at, updated_at, last_sign_in_at, email_confirmed_at,
  phone_confirmed_at, confirmation_sent_at, recovery_sent_at, banned_until, is_anonymous,
  is_sso_user, raw_app_meta_data as app_metadata, raw_user_meta_data as user_metadata
from auth.users where id = $1"""
_SESSIONS: Final = """
select id, created_at, refreshed_at, not_after, aal::text as aal, user_agent, host(ip) as ip
from auth.sessions where user_id = $1 order by created_at desc limit 100"""
_FACTORS: Final = """
select id, friendly_name, factor_type::text as type, status::text as status, created_at
from auth.mfa_factors where user_id = $1 order by created_at limit 100"""
_IDENTITIES: Final = """
select provider, provider_id, email, created_at, last_sign_in_at
from auth.identities where user_id = $1 order by created_at limit 100"""
_END: Final = "delete from auth.sessions where user_id = $1 and id = $2 returning id"


async def _list_users(request: Request) -> Response:
    params = request.query_params
    q = params.get("q", "").strip().replace("\0", "")
    size = min(parse_limit(params), _MAX_PAGE)
    at, user_id = _read_cursor(params.get("cursor", ""))
    values = (q, like(q), at, user_id, size + 1)
    async with context_of(request).database() as connection:
        rows = await (await connection.execute(_LIST, values)).fetchall()
    shown = rows[:size]
    following = None
    if len(rows) > len(shown):
        last = shown[-1]
        text = json.dumps([_text(last["created_at"]), str(last["id"])])
        following = base64.urlsafe_b64encode(text.encode()).decode()
    return JSONResponse({"data": [_plain(row) for row in shown], "next": following})


async def _show_user(request: Request) -> Response:
    key = _user_id(request)
    async with context_of(request).database() as connection:
        user = await (await connection.execute(_USER, (key,))).fetchone()
        if user is None:
            raise not_found("user with this id")
        parts: dict[str, LiteralString] = {
            "sessions": _SESSIONS,
            "factors": _FACTORS,
            "identities": _IDENTITIES,
        }
        found = {
            name: [_plain(row) for row in await (await connection.execute(part, (key,))).fetchall()]
            for name, part in parts.items()
        }
    return JSONResponse(_plain(user) | found)


async def _end_session(request: Request) -> Response:
    key = _user_id(request)
    try:
        session = UUID(request.path_params["session"])
    except ValueError as exc:
        raise not_found("session with this id") from exc
    context = context_of(request)
    await record(context, "user.end_session", str(key), {"session": str(session)})
    async with context.database() as connection:
        if await (await connection.execute(_END, (key, session))).fetchone() is None:
            raise not_found("session with this id")
    return JSONResponse({"ended": str(session)})


async def _create_token(request: Request) -> Response:
    """Answer a user's token of ten minutes, as Auth would sign it; only the audit is stored."""
    context = context_of(request)
    level = request.query_params.get("aal", "aal1")
    if level not in {"aal1", "aal2"}:
        raise invalid("`aal` is aal1 or aal2.")
    await record(context, "user.token", str(_user_id(request)), {"aal": level})
    return JSONResponse(await mint_token(context, str(_user_id(request)), level))


async def mint_token(context: ConsoleContext, user_id: str, level: str = "aal1") -> dict[str, Any]:
    """Return a short token of a user. Raises ApiError if there is no such user."""
    claims = user_claims(await find_user(context, user_id)) | {"aal": level}
    role = claims.pop("role")
    issued = int(time.time())
    secret = context.settings.jwt_secret
    issuer = f"{context.settings.api_url}/auth/v1"
    token = mint(secret, role, **claims, iss=issuer, exp=issued + _TOKEN_SECONDS)
    return {"access_token": token, "token_type": "bearer", "expires_in": _TOKEN_SECONDS}


def _user_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError as exc:
        raise not_found("user with this id", "A user is named by id, a UUID.") from exc


def _read_cursor(cursor: str) -> tuple[datetime | None, UUID | None]:
    if not cursor:
        return None, None
    try:
        at, user_id = json.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), UUID(user_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise invalid("The cursor is not one of ours.", "Begin at the first page.") from exc


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


ROUTES: Final = [
    Route("/users", _list_users),
    Route("/users/{id}", _show_user),
    Route("/users/{id}/sessions/{session}", _end_session, methods=["DELETE"]),
    Route("/users/{id}/token", _create_token, methods=["POST"]),
]
