"""Errors of a function and their HTTP responses."""

from collections.abc import Mapping
from typing import Any, ClassVar

Metadata = Mapping[str, Any]


class FunctionError(Exception):
    """A failure whose `code`, `message` and `metadata` the caller may read."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        metadata: Metadata | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.metadata = dict(metadata or {})
        self.headers = dict(headers or {})


class BadInputError(FunctionError):
    """The caller sent something that cannot be understood or accepted."""

    status = 400
    default_code = "BAD_INPUT"


class UnauthorizedError(FunctionError):
    """No credential that this function takes, or one that does not hold."""

    status = 401
    default_code = "INVALID_CREDENTIALS"

    def __init__(self, message: str = "Invalid credentials", *, code: str | None = None) -> None:
        super().__init__(message, code=code)


class ForbiddenError(FunctionError):
    """The caller is known, and may not."""

    status = 403
    default_code = "FORBIDDEN"


class NotFoundError(FunctionError):
    """What the caller names does not exist, or not for this caller."""

    status = 404
    default_code = "NOT_FOUND"


class MethodNotAllowedError(FunctionError):
    """The function does not answer this HTTP method."""

    status = 405
    default_code = "METHOD_NOT_ALLOWED"


class ConflictError(FunctionError):
    """What is stored does not allow it, at least not now."""

    status = 409
    default_code = "CONFLICT"


class TooLargeError(FunctionError):
    """More than this function takes; the message names the limit."""

    status = 413
    default_code = "TOO_LARGE"


class UnsupportedMediaError(FunctionError):
    """The body is not of a type that this function reads."""

    status = 415
    default_code = "UNSUPPORTED_MEDIA_TYPE"


class DeadlineError(FunctionError):
    """The function took longer than a caller is kept waiting."""

    status = 504
    default_code = "REQUEST_TIMEOUT"


class InternalError(FunctionError):
    """Our fault: the caller learns nothing but that, the log everything."""

    def __init__(self) -> None:
        super().__init__("The function failed; its log says why.")


class ConfigurationError(FunctionError):
    """The operator left something out. `message` goes to the log, never to the caller."""

    default_code = "CONFIGURATION_ERROR"


class UpstreamError(FunctionError):
    """A service that we depend on failed us: 502."""

    status = 502
    default_code = "UPSTREAM_ERROR"


class UnavailableError(UpstreamError):
    """A service that we depend on cannot serve just now: 503, worth another try."""

    status = 503
    default_code = "UPSTREAM_UNAVAILABLE"


class UpstreamTimeoutError(UpstreamError):
    """A service that we depend on did not answer in time: 504."""

    status = 504
    default_code = "UPSTREAM_TIMEOUT"


def public_form(error: FunctionError) -> FunctionError:
    """Return the error as the caller may see it."""
    return InternalError() if isinstance(error, ConfigurationError) else error


def render_error(error: FunctionError) -> dict[str, Any]:
    """Render the body for a function without an envelope of its own.

    `error` is what supabase-py shows; `code` and `message` are what the platform's own replies use.
    """
    return {
        "code": error.code,
        "message": error.message,
        "error": error.message,
        "metadata": error.metadata,
    }
