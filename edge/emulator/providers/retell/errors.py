"""Retell errors, worded as in https://docs.retellai.com/api-references."""

from typing import Any

from edge.emulator.providers.faults import Fault
from edge.emulator.wire import WireError

_MESSAGES = {
    400: "Invalid request format, please check API reference.",
    401: "API key is missing or invalid.",
    402: "Trial has ended, please add payment method.",
    422: "Cannot find requested asset under given api key.",
    429: "Account rate limited, please throttle your requests.",
    500: "An unexpected server error occurred.",
}


class RetellError(WireError):
    """Renders as `{"status": "error", "message": …}`."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(status, message or _MESSAGES.get(status, _MESSAGES[500]))

    def body(self) -> dict[str, Any]:
        return {"status": "error", "message": self.message}


def invalid(problem: str) -> RetellError:
    return RetellError(400, problem)


def not_found() -> RetellError:
    """Build the error for an unknown asset: Retell answers 422, not 404."""
    return RetellError(422)


def injected_error(fault: Fault) -> RetellError:
    error = RetellError(fault.status, fault.code)
    if fault.retry_after is not None:
        error.headers["retry-after"] = fault.retry_after
    return error
