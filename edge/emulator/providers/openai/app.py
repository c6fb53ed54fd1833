"""Routes and error responses of the OpenAI API.

See https://platform.openai.com/docs/api-reference and, for errors, /docs/guides/error-codes.
"""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.providers.body import BodyParser
from edge.emulator.providers.faults import Endpoint, FaultQueue
from edge.emulator.providers.openai.adapter import OpenAIAdapter
from edge.emulator.providers.openai.chat import create_chat_completion
from edge.emulator.providers.openai.embeddings import create_embeddings
from edge.emulator.providers.openai.errors import OpenAIError
from edge.emulator.providers.openai.models import fetch_model, list_models
from edge.emulator.providers.openai.responses import create_response
from edge.emulator.providers.openai.transcriptions import MAX_UPLOAD, transcriptions
from edge.emulator.providers.router import Router

_ADAPTER = OpenAIAdapter()


def create_openai_app(faults: FaultQueue, bodies: BodyParser) -> Starlette:
    """Build the app of embeddings, responses, chat completions, transcriptions, models."""
    router = Router(_ADAPTER, faults, bodies)
    return Starlette(
        routes=[
            router.post("/v1/embeddings", Endpoint.EMBEDDINGS, create_embeddings),
            router.post("/v1/responses", Endpoint.RESPONSES, create_response),
            router.post("/v1/chat/completions", Endpoint.CHAT, create_chat_completion),
            router.upload(
                "/v1/audio/transcriptions",
                Endpoint.TRANSCRIPTIONS,
                transcriptions(bodies),
                MAX_UPLOAD,
            ),
            router.get("/v1/models", Endpoint.MODELS, list_models),
            router.get("/v1/models/{model}", Endpoint.MODELS, fetch_model),
        ],
        exception_handlers={
            OpenAIError: _render_error,
            HTTPException: _render_missing,
            Exception: _render_crash,
        },
    )


async def _render_error(request: Request, exc: Exception) -> Response:
    del request
    error = exc if isinstance(exc, OpenAIError) else _crash()
    headers = {**_ADAPTER.headers(), **error.headers}
    return JSONResponse(error.body(), error.status, headers=headers)


async def _render_missing(request: Request, exc: Exception) -> Response:
    called = f"{request.method} {request.scope['path'].removeprefix(request.scope['root_path'])}"
    if isinstance(exc, HTTPException) and exc.status_code == 405:
        method, path = called.split(" ", 1)
        message = f"Not allowed to {method} on {path}."
        return await _render_error(request, OpenAIError(405, message, code="method_not_supported"))
    return await _render_error(request, OpenAIError(404, f"Invalid URL ({called})"))


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Answer 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, _crash())


def _crash() -> OpenAIError:
    message = "The server had an error while processing your request. Sorry about that!"
    return OpenAIError(500, message, kind="server_error")
