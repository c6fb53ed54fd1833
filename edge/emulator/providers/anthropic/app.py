"""Routes and error responses of the Anthropic API.

See https://platform.claude.com/docs/en/api/messages and /docs/en/api/errors.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.providers.anthropic.adapter import AnthropicAdapter
from edge.emulator.providers.anthropic.errors import AnthropicError
from edge.emulator.providers.anthropic.messages import count_message_tokens, create_message
from edge.emulator.providers.body import BodyParser
from edge.emulator.providers.faults import Endpoint, FaultQueue
from edge.emulator.providers.router import Router

_ADAPTER = AnthropicAdapter()


def create_anthropic_app(faults: FaultQueue, bodies: BodyParser) -> Starlette:
    """Build the app of messages and token counts."""
    router = Router(_ADAPTER, faults, bodies)
    return Starlette(
        routes=[
            router.post("/v1/messages", Endpoint.MESSAGES, create_message),
            router.post("/v1/messages/count_tokens", Endpoint.COUNT_TOKENS, count_message_tokens),
        ],
        exception_handlers={
            AnthropicError: _render_error,
            HTTPException: _render_missing,
            Exception: _render_crash,
        },
    )


async def _render_error(request: Request, exc: Exception) -> Response:
    del request
    error = exc if isinstance(exc, AnthropicError) else _crash()
    headers = {**_ADAPTER.headers(), **error.headers}
    return JSONResponse(error.body(), error.status, headers=headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    is_method = isinstance(exc, HTTPException) and exc.status_code == 405
    error = AnthropicError(405, "Method Not Allowed") if is_method else None
    return await _render_error(request, error or AnthropicError(404, "Not Found"))


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Answer 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, _crash())


def _crash() -> AnthropicError:
    return AnthropicError(500, "Internal server error")
