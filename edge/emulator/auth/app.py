"""The auth service as an ASGI app: its routes and its error responses.

Follows supabase/auth (internal/api/api.go); the gateway strips `/auth/v1`.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.errors import API_VERSION, NOT_SERVED, UNEXPECTED, AuthError
from edge.emulator.auth.routes import admin, logout, settings, signup, token, user
from edge.emulator.postgres.pool import Connector, Pool

Handler = Callable[[AuthContext, Request], Awaitable[Response]]

_POOL_SIZE: Final = 5
_POOL_TIMEOUT: Final = 10.0
_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/signup", signup.sign_up),
    ("POST", "/token", token.issue_token),
    ("GET", "/user", user.show_user),
    ("PUT", "/user", user.change_user),
    ("POST", "/logout", logout.sign_out),
    ("POST", "/admin/users", admin.create_user),
    ("GET", "/admin/users", admin.list_users),
    ("GET", "/admin/users/{user_id}", admin.show_user),
    ("PUT", "/admin/users/{user_id}", admin.change_user),
    ("DELETE", "/admin/users/{user_id}", admin.remove_user),
)


def create_pool(dsn: str) -> Pool:
    """Return the service's connection pool; its sessions render times in UTC."""
    connector = Connector(f"{dsn} options='-c timezone=UTC'", "edge-auth")
    return Pool(connector, size=_POOL_SIZE, timeout=_POOL_TIMEOUT)


def create_auth_app(pool: Pool, config: AuthConfig) -> Starlette:
    context = AuthContext(config, pool)
    return Starlette(
        routes=[
            Route("/health", settings.show_health),
            Route("/settings", settings.show_settings),
            Route("/.well-known/jwks.json", settings.show_keys),
            *(
                Route(path, partial(handler, context), methods=[verb])
                for verb, path, handler in _ROUTES
            ),
        ],
        exception_handlers={
            AuthError: _render_error,
            HTTPException: _render_missing,
            ClientDisconnect: _render_disconnect,
            Exception: _render_crash,
        },
    )


async def _render_error(request: Request, exc: Exception) -> Response:
    error = exc if isinstance(exc, AuthError) else UNEXPECTED.error()
    if request.headers.get("x-supabase-api-version", "") < API_VERSION:
        return JSONResponse(error.body(), error.status, headers=error.headers)
    headers = error.headers | {"x-supabase-api-version": API_VERSION}
    return JSONResponse(error.versioned_body(), error.status, headers=headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    del exc
    error = NOT_SERVED.error(method=request.method, path=request.url.path)
    return await _render_error(request, error)


async def _render_disconnect(request: Request, exc: Exception) -> Response:
    del request, exc
    return Response(status_code=499)


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Render a 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, UNEXPECTED.error())
