"""Identities of the current user, and sign-in at external providers: where /authorize leads.

Follows supabase/auth (internal/api/identity.go, external.go).
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from edge.emulator.auth.audit import record
from edge.emulator.auth.context import AuthContext, client_address
from edge.emulator.auth.current_user import authenticate
from edge.emulator.auth.errors import (
    IDENTITY_CONFLICT,
    IDENTITY_ID_INVALID,
    IDENTITY_LAST,
    IDENTITY_UNKNOWN,
    LINKING_DISABLED,
    PROVIDER_UNSUPPORTED,
)
from edge.emulator.auth.flow_state import check_challenge, start_flow
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.one_time_tokens import clear_tokens
from edge.emulator.auth.providers import OAUTH_PROVIDERS
from edge.emulator.auth.redirects import callback_url, choose_redirect
from edge.emulator.auth.schemas import PkceParams
from edge.emulator.auth.user import User
from edge.emulator.auth.users import delete_identities, refresh_providers, update_user
from edge.emulator.postgres.pool import Connection

_OWN_PARAMETERS: Final = frozenset(
    {"provider", "scopes", "redirect_to", "code_challenge", "code_challenge_method", "state"}
    | {"client_id", "client_secret", "redirect_uri", "response_type", "scope"}
    | {"skip_http_redirect", "invite_token", "apikey"}
)


async def start_sign_in(context: AuthContext, request: Request) -> Response:
    """GET /authorize: redirect to the provider."""
    url = await _authorize_url(context, request, None)
    return RedirectResponse(url, 302)


async def link_identity(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    if not context.config.manual_linking:
        raise LINKING_DISABLED.error()
    url = await _authorize_url(context, request, current.user)
    if request.query_params.get("skip_http_redirect") == "true":
        return JSONResponse({"url": url})
    return RedirectResponse(url, 302)


async def unlink_identity(context: AuthContext, request: Request) -> Response:
    current = await authenticate(context, request)
    if not context.config.manual_linking:
        raise LINKING_DISABLED.error()
    wanted = request.path_params["identity_id"]
    try:
        identity_id = str(UUID(wanted))
    except ValueError as exc:
        raise IDENTITY_ID_INVALID.error() from exc
    identities = current.user.identities or ()
    if len(identities) <= 1:
        raise IDENTITY_LAST.error()
    identity = next((i for i in identities if i["identity_id"] == identity_id), None)
    if identity is None:
        raise IDENTITY_UNKNOWN.error()
    try:
        async with context.transaction() as connection:
            messenger = Messenger(context, request, connection)
            await _unlink(messenger, current.user, identity)
    except UniqueViolation as exc:
        raise IDENTITY_CONFLICT.error() from exc
    return JSONResponse({})


async def _unlink(messenger: Messenger, user: User, identity: Mapping[str, Any]) -> None:
    connection = messenger.connection
    traits = {
        "identity_id": identity["identity_id"],
        "provider": identity["provider"],
        "provider_id": identity["id"],
    }
    address = client_address(messenger.request)
    await record(connection, user, "identity_unlinked", traits, address)
    await delete_identities(connection, user.id, [identity["identity_id"]])
    if identity["provider"] == "phone":
        await update_user(connection, user.id, phone="", phone_confirmed_at=None)
    else:
        await _take_other_email(messenger, user, identity)
    await refresh_providers(connection, user.id)
    kind, provider = "identity_unlinked_notification", identity["provider"]
    await messenger.notify(kind, user, user.email, Provider=provider)


async def _take_other_email(messenger: Messenger, user: User, removed: Mapping[str, Any]) -> None:
    """Set the address of another identity, if the removed one's was the user's."""
    connection = messenger.connection
    left = [i for i in user.identities or () if i["identity_id"] != removed["identity_id"]]
    if any(i.get("email", "") == user.email for i in left):
        return
    left.sort(key=_rank)
    email = left[0].get("email", "") if left else ""
    is_verified = bool(left) and left[0]["identity_data"].get("email_verified") is True
    columns: dict[str, Any] = {"email": email}
    if not email or not (is_verified or messenger.context.config.mail.autoconfirm):
        columns["email_confirmed_at"] = None
        columns["raw_user_meta_data"] = {**user.raw_user_meta_data, "email_verified": False}
    await clear_tokens(connection, user.id)
    await update_user(connection, user.id, **columns)


def _rank(identity: Mapping[str, Any]) -> tuple[int, str]:
    if not identity.get("email"):
        return 2, identity["created_at"]
    is_verified = identity["identity_data"].get("email_verified") is True
    return (0 if is_verified else 1), identity["created_at"]


async def _authorize_url(context: AuthContext, request: Request, target: User | None) -> str:
    query = request.query_params
    name = query.get("provider", "").lower()
    provider = context.config.providers.get(name)
    if name not in OAUTH_PROVIDERS or provider is None:
        raise PROVIDER_UNSUPPORTED.error(reason=f"Provider {name} could not be found")
    if not provider.enabled:
        raise PROVIDER_UNSUPPORTED.error(reason="provider is not enabled")
    if not provider.client_id:
        raise PROVIDER_UNSUPPORTED.error(reason="missing OAuth client ID")
    if not provider.secret:
        raise PROVIDER_UNSUPPORTED.error(reason="missing OAuth secret")
    oauth = OAUTH_PROVIDERS[name]
    base = oauth.site_of(provider.url)
    if not base:
        raise PROVIDER_UNSUPPORTED.error(reason="unable to find URL for the Keycloak provider")
    params = PkceParams(
        code_challenge=query.get("code_challenge", ""),
        code_challenge_method=query.get("code_challenge_method", ""),
    )
    check_challenge(params)
    redirect = choose_redirect(context.config, request)
    async with context.transaction() as connection:
        state = await _start(connection, name, params, redirect, target)
    extra = query.get("scopes", "").replace("+", " ")
    values = {
        "client_id": provider.client_id.partition(",")[0],
        "redirect_to": redirect,
        "redirect_uri": callback_url(context.config, provider),
        "response_type": "code",
        "scope": " ".join(part for part in (oauth.scopes, extra) if part),
        "state": str(state),
    }
    values |= {key: value for key, value in query.items() if key not in _OWN_PARAMETERS}
    return f"{base}{oauth.authorize}?{urlencode(sorted(values.items()))}"


async def _start(
    connection: Connection, name: str, params: PkceParams, redirect: str, target: User | None
) -> UUID:
    return await start_flow(
        connection,
        params,
        "oauth",
        None,
        provider=name,
        referrer=redirect,
        target=target.id if target else None,
    )
