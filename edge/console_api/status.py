"""GET /status: whether the stack's parts have started, and what the console may offer."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of


async def _show_status(request: Request) -> Response:
    context = context_of(request)
    services = context.services()
    return JSONResponse(
        {
            "project": context.settings.root.name,
            "api_url": context.settings.api_url,
            "has_database": context.settings.has_database,
            "is_ready": services is not None and services.has_database,
        }
    )


ROUTES: Final = [Route("/status", _show_status)]
