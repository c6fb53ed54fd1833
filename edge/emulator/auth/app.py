"""The auth service as an ASGI app: its routes and its error responses.

Follows supabase/auth (internal/api/api.go); the gateway strips `/auth/v1`.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.current_user import authenticate
from edge.emulator.auth.errors import API_VERSION, NOT_SERVED, UNEXPECTED, AuthError, OAuthError
from edge.emulator.auth.hooks import Hooks
from edge.emulator.auth.mail.delivery import Delivery
from edge.emulator.auth.mail.mailbox import Mailbox
from edge.emulator.auth.rate_limit import RateLimiter
from edge.emulator.auth.routes import (
    admin,
    admin_factors,
    callback,
    factors,
    generate_link,
    identities,
    logout,
    mails,
    oauth_clients,
    settings,
    signup,
    token,
    user,
    verify,
)
from edge.emulator.postgres.pool import Connector, Pool

Handler = Callable[[AuthContext, Request], Awaitable[Response]]

_POOL_SIZE: Final = 5
_POOL_TIMEOUT: Final = 10.0
_USER: Final = "/admin/users/{user_id}"
_FACTOR: Final = "/factors/{factor_id}"
_CLIENT: Final = "/admin/oauth/clients/{client_id}"
_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/health", settings.show_health),
    ("GET", "/settings", settings.show_settings),
    ("GET", "/.well-known/jwks.json", settings.show_keys),
    ("GET", "/.well-known/openid-configuration", settings.show_openid_configuration),
    ("GET", "/.well-known/oauth-authorization-server", settings.show_openid_configuration),
    ("POST", "/signup", signup.sign_up),
    ("POST", "/token", token.issue_token),
    ("POST", "/otp", mails.send_otp),
    ("POST", "/magiclink", mails.send_magic_link),
    ("POST", "/recover", mails.send_recovery),
    ("POST", "/resend", mails.resend),
    ("GET", "/reauthenticate", mails.reauthenticate),
    ("GET", "/verify", verify.redeem_link),
    ("POST", "/verify", verify.redeem_code),
    ("GET", "/user", user.show_user),
    ("PUT", "/user", user.change_user),
    ("POST", "/logout", logout.sign_out),
    ("GET", "/authorize", identities.start_sign_in),
    ("GET", "/callback", callback.finish_sign_in),
    ("POST", "/callback", callback.finish_sign_in),
    ("GET", "/user/identities/authorize", identities.link_identity),
    ("DELETE", "/user/identities/{identity_id}", identities.unlink_identity),
    ("POST", "/factors", factors.enroll),
    ("DELETE", _FACTOR, factors.unenroll),
    ("POST", f"{_FACTOR}/challenge", factors.challenge),
    ("POST", f"{_FACTOR}/verify", factors.verify),
    ("POST", "/invite", admin.invite),
    ("POST", "/admin/users", admin.create_user),
    ("GET", "/admin/users", admin.list_users),
    ("GET", _USER, admin.show_user),
    ("PUT", _USER, admin.change_user),
    ("DELETE", _USER, admin.remove_user),
    ("GET", f"{_USER}/factors", admin_factors.list_factors),
    ("PUT", f"{_USER}{_FACTOR}", admin_factors.change_factor),
    ("DELETE", f"{_USER}{_FACTOR}", admin_factors.remove_factor),
    ("POST", "/admin/generate_link", generate_link.generate_link),
    ("GET", "/admin/audit", admin.list_audit_log),
    ("POST", "/admin/oauth/clients", oauth_clients.create_client),
    ("GET", "/admin/oauth/clients", oauth_clients.list_clients),
    ("GET", _CLIENT, oauth_clients.show_client),
    ("PUT", _CLIENT, oauth_clients.change_client),
    ("DELETE", _CLIENT, oauth_clients.remove_client),
    ("POST", f"{_CLIENT}/regenerate_secret", oauth_clients.regenerate_secret),
    ("POST", "/oauth/clients/register", oauth_clients.register_client),
    ("POST", "/sso", settings.refuse_saml),
    ("GET", "/sso/saml/metadata", settings.refuse_saml),
    ("POST", "/sso/saml/acs", settings.refuse_saml),
    ("POST", "/passkeys/authentication/options", settings.refuse_passkeys),
    ("POST", "/passkeys/authentication/verify", settings.refuse_passkeys),
    ("POST", "/passkeys/registration/options", settings.refuse_passkeys),
    ("POST", "/passkeys/registration/verify", settings.refuse_passkeys),
    ("GET", "/passkeys", settings.refuse_passkeys),
    ("PATCH", "/passkeys/{passkey_id}", settings.refuse_passkeys),
    ("DELETE", "/passkeys/{passkey_id}", settings.refuse_passkeys),
)
# Upstream authenticates before it looks at the method below these.
_AUTHENTICATED: Final = ("/user", "/reauthenticate", "/factors")


def create_pool(dsn: str) -> Pool:
    """Return the service's connection pool; its sessions render times in UTC.

    `dsn` is a URL or keywords, and may have options of its own.
    """
    options = conninfo_to_dict(dsn).get("options") or ""
    connector = Connector(make_conninfo(dsn, options=f"{options} -c timezone=UTC"), "edge-auth")
    return Pool(connector, size=_POOL_SIZE, timeout=_POOL_TIMEOUT)


def create_auth_app(pool: Pool, config: AuthConfig, mailbox: Mailbox | None = None) -> Starlette:
    delivery = Delivery(config, Mailbox() if mailbox is None else mailbox)
    context = AuthContext(config, pool, delivery, RateLimiter(config), Hooks(config.hooks))
    return Starlette(
        routes=list(_create_routes(context)),
        exception_handlers={
            AuthError: _render_error,
            OAuthError: _render_oauth_error,
            HTTPException: partial(_render_http_error, context),
            ClientDisconnect: _render_disconnect,
            Exception: _render_crash,
        },
    )


def _create_routes(context: AuthContext) -> list[Route]:
    """Return a route for each path; links are redeemed by GET only, never by a scanner's HEAD."""
    handlers: dict[str, dict[str, Handler]] = {}
    for method, path, handler in _ROUTES:
        handlers.setdefault(path, {})[method] = handler
    routes: list[Route] = []
    for path, by_method in handlers.items():
        route = Route(path, partial(_dispatch, context, by_method), methods=list(by_method))
        (route.methods or set()).discard("HEAD")
        routes.append(route)
    return routes


async def _dispatch(
    context: AuthContext, by_method: dict[str, Handler], request: Request
) -> Response:
    return await by_method[request.method](context, request)


async def _render_error(request: Request, exc: Exception) -> Response:
    error = exc if isinstance(exc, AuthError) else UNEXPECTED.error()
    if request.headers.get("x-supabase-api-version", "") < API_VERSION:
        return JSONResponse(error.body(), error.status, headers=error.headers)
    headers = error.headers | {"x-supabase-api-version": API_VERSION}
    return JSONResponse(error.versioned_body(), error.status, headers=headers)


async def _render_oauth_error(request: Request, exc: Exception) -> Response:
    del request
    assert isinstance(exc, OAuthError)
    return JSONResponse(exc.body(), exc.status)


async def _render_http_error(context: AuthContext, request: Request, exc: Exception) -> Response:
    """Render 405 as upstream's router does, and 404 with a code of our own."""
    assert isinstance(exc, HTTPException)
    if exc.status_code == 405:
        if request.url.path.startswith(_AUTHENTICATED):
            try:
                await authenticate(context, request)
            except AuthError as refusal:
                return await _render_error(request, refusal)
        allowed = (exc.headers or {}).get("Allow", "")
        return Response(status_code=405, headers={"allow": allowed})
    error = NOT_SERVED.error(method=request.method, path=request.url.path)
    return await _render_error(request, error)


async def _render_disconnect(request: Request, exc: Exception) -> Response:
    del request, exc
    return Response(status_code=499)


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Render a 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, UNEXPECTED.error())
