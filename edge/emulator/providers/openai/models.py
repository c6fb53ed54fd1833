"""GET /v1/models and /v1/models/{model}: the engine's models.

Follows https://platform.openai.com/docs/api-reference/models.
"""

from typing import Any

from starlette.responses import JSONResponse, Response

from edge.emulator.providers.completion import MODEL
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.openai.errors import OpenAIError
from edge.emulator.providers.router import Body

_NAMES = (MODEL, "local-hash-1536", "local-hash-3072")
_CREATED = 1_735_689_600


async def list_models(parameters: Body, fault: Fault | None) -> Response:
    """List the models that answer requests, whichever model a request names."""
    del parameters, fault
    return JSONResponse({"object": "list", "data": [_render(name) for name in _NAMES]})


async def fetch_model(parameters: Body, fault: Fault | None) -> Response:
    del fault
    name = str(parameters["model"])
    if name not in _NAMES:
        message = f"The model '{name}' does not exist or you do not have access to it."
        raise OpenAIError(404, message, code="model_not_found").about("model")
    return JSONResponse(_render(name))


def _render(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "local"}
