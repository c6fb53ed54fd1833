"""/admin/oauth/clients and /oauth/clients/register: the registry of the OAuth 2.1 server.

Follows supabase/auth (internal/api/oauthserver).
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from psycopg.rows import DictRow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.current_user import require_admin
from edge.emulator.auth.errors import (
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_INVALID,
    OAUTH_CLIENT_PUBLIC,
    OAUTH_CLIENT_UNCHANGED,
    OAUTH_CLIENT_UNKNOWN,
    OAUTH_REGISTRATION_DISABLED,
    OAUTH_SERVER_DISABLED,
    AuthError,
)
from edge.emulator.auth.schemas import OAuthClientParams
from edge.emulator.auth.user import render_time
from edge.emulator.postgres.pool import Connection

_COLUMNS: Final = """id, client_type::text as client_type, registration_type::text
  as registration_type, redirect_uris, grant_types, token_endpoint_auth_method,
  coalesce(client_name, '') as client_name, coalesce(client_uri, '') as client_uri,
  coalesce(logo_uri, '') as logo_uri, created_at, updated_at"""
_INSERT: Final = f"""
insert into auth.oauth_clients (
  id, client_secret_hash, registration_type, redirect_uris, grant_types, client_name, client_uri,
  logo_uri, client_type, token_endpoint_auth_method)
values (gen_random_uuid(), $1, $2::text::auth.oauth_registration_type, $3, $4, $5, $6, $7,
  $8::text::auth.oauth_client_type, $9)
returning {_COLUMNS}"""  # noqa: S608
_FIND: Final = f"select {_COLUMNS} from auth.oauth_clients where id = $1 and deleted_at is null"  # noqa: S608
_LIST: Final = f"""select {_COLUMNS} from auth.oauth_clients where deleted_at is null
order by created_at desc limit 1000"""  # noqa: S608
_UPDATE: Final = f"""
update auth.oauth_clients set
  redirect_uris = coalesce($2, redirect_uris), grant_types = coalesce($3, grant_types),
  client_name = coalesce($4, client_name), client_uri = coalesce($5, client_uri),
  logo_uri = coalesce($6, logo_uri),
  token_endpoint_auth_method = coalesce($7, token_endpoint_auth_method), updated_at = now()
where id = $1 returning {_COLUMNS}"""  # noqa: S608
_SET_SECRET: Final = """
update auth.oauth_clients set client_secret_hash = $2, updated_at = now() where id = $1"""  # noqa: S105
_DELETE: Final = "update auth.oauth_clients set deleted_at = now() where id = $1"
_GRANTS: Final = ("authorization_code", "refresh_token")
_METHODS: Final = {
    "public": ("none",),
    "confidential": ("client_secret_basic", "client_secret_post"),
}
_ALL_METHODS: Final = "[none client_secret_basic client_secret_post]"
_DANGEROUS: Final = ("javascript", "data", "file", "vbscript", "about", "blob")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


async def create_client(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    return await _register(context, request, "manual")


async def register_client(context: AuthContext, request: Request) -> Response:
    """POST /oauth/clients/register: dynamic registration (RFC 7591), if it is enabled."""
    _require_server(context)
    if not context.config.oauth_server.dynamic_registration:
        raise OAUTH_REGISTRATION_DISABLED.error()
    context.limiter.check_request(request, "sign_in")
    return await _register(context, request, "dynamic")


async def list_clients(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    async with context.transaction() as connection:
        rows = await (await connection.execute(_LIST)).fetchall()
    return JSONResponse({"clients": [_render(row) for row in rows]} if rows else {})


async def show_client(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    async with context.transaction() as connection:
        row = await _find(connection, request)
    return JSONResponse(_render(row))


async def change_client(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    async with context.transaction() as connection:
        row = await _find(connection, request)
        params = await context.read(request, OAuthClientParams)
        _check_change(params, row["client_type"])
        values = (
            row["id"],
            None if params.redirect_uris is None else ",".join(params.redirect_uris),
            None if params.grant_types is None else ",".join(params.grant_types),
            *(params.client_name, params.client_uri, params.logo_uri),
            params.token_endpoint_auth_method,
        )
        changed = await (await connection.execute(_UPDATE, values)).fetchone()
    assert changed is not None  # it was found in the same transaction
    return JSONResponse(_render(changed))


async def remove_client(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    async with context.transaction() as connection:
        row = await _find(connection, request)
        await connection.execute(_DELETE, (row["id"],))
    return Response(status_code=204)


async def regenerate_secret(context: AuthContext, request: Request) -> Response:
    require_admin(context, request)
    _require_server(context)
    secret = secrets.token_urlsafe(32)
    async with context.transaction() as connection:
        row = await _find(connection, request)
        if row["client_type"] != "confidential":
            raise OAUTH_CLIENT_PUBLIC.error()
        await connection.execute(_SET_SECRET, (row["id"], _hash(secret)))
        row = await _find(connection, request)
    return JSONResponse(_render(row) | {"client_secret": secret})


def _require_server(context: AuthContext) -> None:
    if not context.config.oauth_server.enabled:
        raise OAUTH_SERVER_DISABLED.error()


async def _register(context: AuthContext, request: Request, kind: str) -> Response:
    params = await context.read(request, OAuthClientParams)
    client_type = _check_new(params)
    methods = _METHODS[client_type]
    secret = secrets.token_urlsafe(32) if client_type == "confidential" else ""
    values = (
        _hash(secret) if secret else None,
        kind,
        ",".join(params.redirect_uris or ()),
        ",".join(params.grant_types or _GRANTS),
        *(params.client_name or None, params.client_uri or None, params.logo_uri or None),
        client_type,
        params.token_endpoint_auth_method or methods[0],
    )
    async with context.transaction() as connection:
        row = await (await connection.execute(_INSERT, values)).fetchone()
    assert row is not None  # insert … returning
    answer = _render(row) | ({"client_secret": secret} if secret else {})
    return JSONResponse(answer, 201)


async def _find(connection: Connection, request: Request) -> DictRow:
    try:
        client_id = UUID(request.path_params["client_id"])
    except ValueError as exc:
        raise OAUTH_CLIENT_ID.error() from exc
    row = await (await connection.execute(_FIND, (client_id,))).fetchone()
    if row is None:
        raise OAUTH_CLIENT_UNKNOWN.error()
    return row


def _render(row: DictRow) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "client_id": str(row["id"]),
        "client_type": row["client_type"],
        "redirect_uris": row["redirect_uris"].split(","),
        "token_endpoint_auth_method": row["token_endpoint_auth_method"],
        "grant_types": row["grant_types"].split(","),
        "response_types": ["code"],
    }
    named = ("client_name", "client_uri", "logo_uri")
    answer |= {name: row[name] for name in named if row[name]}
    return answer | {
        "registration_type": row["registration_type"],
        "created_at": render_time(row["created_at"]),
        "updated_at": render_time(row["updated_at"]),
    }


def _hash(secret: str) -> str:
    digest = hashlib.sha256(secret.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _invalid(reason: str) -> AuthError:
    return OAUTH_CLIENT_INVALID.error(reason=reason)


def _check_new(params: OAuthClientParams) -> str:
    """Validate a registration; returns the client's type."""
    if not params.redirect_uris:
        raise _invalid("redirect_uris is required")
    _check_fields(params)
    if params.client_type and params.client_type not in _METHODS:
        raise _invalid("client_type must be 'public' or 'confidential'")
    method = params.token_endpoint_auth_method
    if not method:
        return params.client_type or "confidential"
    inferred = next((kind for kind, methods in _METHODS.items() if method in methods), "")
    if not inferred:
        raise _invalid(f"token_endpoint_auth_method must be one of: {_ALL_METHODS}")
    if params.client_type and params.client_type != inferred:
        raise _invalid(
            f"client_type '{params.client_type}' is inconsistent with token_endpoint_auth_method"
            f" '{method}' (expected client_type '{inferred}')"
        )
    return inferred


def _check_change(params: OAuthClientParams, client_type: str) -> None:
    given = params.model_dump(exclude={"client_type"}, exclude_none=True)
    if not given:
        raise OAUTH_CLIENT_UNCHANGED.error()
    if params.redirect_uris == []:
        raise _invalid("redirect_uris cannot be empty")
    _check_fields(params)
    method = params.token_endpoint_auth_method
    if method is not None and method not in _METHODS[client_type]:
        valid = " ".join(_METHODS[client_type])
        raise _invalid(
            f"token_endpoint_auth_method '{method}' is not valid for client_type"
            f" '{client_type}'; valid methods: [{valid}]"
        )


def _check_fields(params: OAuthClientParams) -> None:
    if len(params.redirect_uris or ()) > 10:
        raise _invalid("redirect_uris cannot exceed 10 items")
    for uri in params.redirect_uris or ():
        if reason := _find_fault(uri):
            raise _invalid(f"invalid redirect_uri '{uri}': {reason}")
    if params.grant_types is not None and not set(params.grant_types) <= set(_GRANTS):
        raise _invalid("grant_types must only contain 'authorization_code' and/or 'refresh_token'")
    if len(params.client_name or "") > 1024:
        raise _invalid("client_name cannot exceed 1024 characters")
    for name, uri in (("client_uri", params.client_uri), ("logo_uri", params.logo_uri)):
        if len(uri or "") > 2048:
            raise _invalid(f"{name} cannot exceed 2048 characters")
        if uri and not urlsplit(uri).scheme:
            raise _invalid(f"{name} must be a valid URL")


def _find_fault(uri: str) -> str:
    """Return what is wrong with a redirect URI, empty if nothing."""
    if not uri:
        return "redirect URI cannot be empty"
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return "invalid URL format"
    if not parts.scheme or not parts.netloc:
        return "must have scheme and host"
    faults = (
        (
            parts.scheme in _DANGEROUS,
            f"scheme '{parts.scheme}' is not allowed for security reasons",
        ),
        (
            parts.scheme == "http" and host not in _LOOPBACK,
            "HTTP scheme only allowed for localhost",
        ),
        (bool(parts.fragment), "fragment not allowed in redirect URI"),
        ("," in uri, "must not contain a comma"),
    )
    return next((fault for applies, fault in faults if applies), "")
