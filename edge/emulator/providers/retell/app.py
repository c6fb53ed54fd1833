"""Routes and error responses of the Retell API, and the emulator's control routes.

See https://docs.retellai.com/api-references.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.providers.body import BodyParser
from edge.emulator.providers.retell.adapter import RetellAdapter
from edge.emulator.providers.retell.batches import batch_route
from edge.emulator.providers.retell.calls import call_routes
from edge.emulator.providers.retell.contacts import contact_routes
from edge.emulator.providers.retell.control import control_routes
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.retell.errors import RetellError
from edge.emulator.providers.router import Router


def create_retell_app(retell: RetellEmulator, bodies: BodyParser) -> Starlette:
    """Build the app of calls, batches, contacts and controls."""
    router = Router(RetellAdapter(), retell.faults, bodies)
    return Starlette(
        routes=[
            *call_routes(router, retell),
            batch_route(router, retell),
            *contact_routes(router, retell),
            *control_routes(retell),
        ],
        exception_handlers={
            RetellError: _render_error,
            HTTPException: _render_missing,
            Exception: _render_crash,
        },
    )


async def _render_error(request: Request, exc: Exception) -> Response:
    del request
    error = exc if isinstance(exc, RetellError) else RetellError(500)
    return JSONResponse(error.body(), error.status, headers=error.headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    path = request.scope["path"].removeprefix(request.scope["root_path"])
    message = f"Cannot {request.method} {path}"
    return await _render_error(request, RetellError(status, message))


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Answer 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, RetellError(500))
