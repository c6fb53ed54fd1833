"""Responses of the chat backend's HTTP routes, and who calls."""

import json
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.chat.functions import FunctionError
from backend.chat.library import LibraryError, NotFoundError
from backend.chat.recordings import RecordingError
from backend.chat.services import Services
from backend.chat.stores.store import StoreError

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class RefusedError(Exception):
    """The request is refused with `status` and `message`, which clients show."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def services_of(request: Request) -> Services:
    """Return the services of the application."""
    return request.app.state.services


def token_of(request: Request) -> str:
    """Return the bearer token of a request, "" if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def owner_of(request: Request) -> str | None:
    """Return the user who calls, None for one without sign-in. Raises RefusedError."""
    user = await services_of(request).users.find(token_of(request))
    if user.is_refused:
        raise RefusedError(401, "Sign in: the access token is missing or not valid.")
    return user.id


async def read_object(request: Request, most_bytes: int = 64 << 10) -> dict[str, Any]:
    """Return the JSON object of a body. Raises RefusedError, also for what cannot be stored."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most_bytes:
            raise RefusedError(413, f"The body is longer than {most_bytes:,} bytes.")
    try:
        parsed: Any = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise RefusedError(400, "The body must be JSON.") from exc
    if not isinstance(parsed, dict):
        raise RefusedError(400, "The body must be a JSON object.")
    found = cast("dict[str, Any]", parsed)
    for name, value in found.items():
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise RefusedError(400, f"{name} must be without NUL and unpaired surrogates.")
    return found


Handler = Callable[[Request], Awaitable[Response]]


def answering(handler: Callable[[Request], Awaitable[Any]]) -> Handler:
    """Wrap a handler: its result becomes JSON, an error {message} with its status.

    An id in the path that nothing can have is answered 404.
    """

    @wraps(handler)
    async def answer(request: Request) -> Response:
        if any("\x00" in value for value in request.path_params.values()):
            return JSONResponse({"message": "Not found."}, 404)
        try:
            result = await handler(request)
        except (RefusedError, FunctionError, RecordingError) as exc:
            return JSONResponse({"message": str(exc)}, exc.status)
        except NotFoundError as exc:
            return JSONResponse({"message": str(exc)}, 404)
        except LibraryError as exc:
            return JSONResponse({"message": str(exc)}, 502)
        except StoreError:
            return JSONResponse({"message": "The database cannot be reached."}, 503)
        return result if isinstance(result, Response) else JSONResponse(result)

    return answer
