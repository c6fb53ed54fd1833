"""Errors of the console's API: one envelope, {"code", "message", "hint"}."""

import logging
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_LOG: Final = logging.getLogger(__name__)


class ApiError(Exception):
    """A request that is refused; `hint` names the cure."""

    def __init__(self, status: int, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


def not_found(what: str, hint: str | None = None) -> ApiError:
    """Return the error for something that does not exist."""
    return ApiError(404, "NOT_FOUND", f"There is no {what}.", hint)


def invalid(message: str, hint: str | None = None) -> ApiError:
    """Return the error for a wrong parameter or body."""
    return ApiError(400, "INVALID_REQUEST", message, hint)


async def _render_api_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ApiError)
    return _envelope(exc.status, exc.code, exc.message, exc.hint)


async def _render_http_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(exc.status_code, "HTTP_ERROR")
    return _envelope(exc.status_code, code, exc.detail, None)


async def _render_fault(request: Request, exc: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=exc)
    return _envelope(
        500, "INTERNAL_ERROR", "The console's API failed.", "See the terminal of `edge start`."
    )


def _envelope(status: int, code: str, message: str, hint: str | None) -> Response:
    return JSONResponse({"code": code, "message": message, "hint": hint}, status)


EXCEPTION_HANDLERS: Final[dict[Any, Any]] = {
    ApiError: _render_api_error,
    HTTPException: _render_http_error,
    Exception: _render_fault,
}
