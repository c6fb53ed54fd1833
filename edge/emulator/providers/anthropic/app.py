"""Anthropic's routes, and its way to say that there is no such route."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.providers.anthropic.dialect import AnthropicDialect
from edge.emulator.providers.anthropic.errors import AnthropicError
from edge.emulator.providers.anthropic.messages import count_message_tokens, create_message
from edge.emulator.providers.faults import Endpoint, FaultQueue
from edge.emulator.providers.router import Door

_DIALECT = AnthropicDialect()


def create_anthropic_app(faults: FaultQueue) -> Starlette:
    door = Door(_DIALECT, faults)
    return Starlette(
        routes=[
            door.post("/v1/messages", Endpoint.MESSAGES, create_message),
            door.post("/v1/messages/count_tokens", Endpoint.COUNT_TOKENS, count_message_tokens),
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
    headers = {**_DIALECT.headers(), **error.headers}
    return JSONResponse(error.body(), error.status, headers=headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    is_method = isinstance(exc, HTTPException) and exc.status_code == 405
    error = AnthropicError(405, "Method Not Allowed") if is_method else None
    return await _render_error(request, error or AnthropicError(404, "Not Found"))


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Starlette logs the traceback; the caller learns nothing of it."""
    del exc
    return await _render_error(request, _crash())


def _crash() -> AnthropicError:
    return AnthropicError(500, "Internal server error")
