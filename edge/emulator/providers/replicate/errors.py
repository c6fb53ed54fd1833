"""Replicate errors: RFC 7807 documents, as in https://replicate.com/docs/reference/http."""

from typing import Any, Final

from edge.emulator.providers.faults import Fault
from edge.emulator.wire import WireError

_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthenticated",
    402: "Insufficient credit",
    404: "Not found",
    413: "Payload too large",
    422: "Input validation failed",
    429: "Too many requests",
    500: "Internal server error",
    503: "Service unavailable",
}
_DETAILS: Final = {
    401: "You did not pass a valid authentication token",
    402: "You have insufficient credit to run this model.",
    404: "The requested resource could not be found.",
    429: "Request was throttled. Expected available in 1 second.",
    500: "An unexpected error occurred.",
}


class ReplicateError(WireError):
    """Renders as {title, detail, status}; 429 as {detail}, which is what clients see there."""

    def __init__(self, status: int, detail: str | None = None) -> None:
        super().__init__(status, detail or _DETAILS.get(status, "The request failed."))

    def body(self) -> dict[str, Any]:
        if self.status == 429:
            return {"detail": self.message, "status": 429}
        title = _TITLES.get(self.status, "Error")
        return {"title": title, "detail": self.message, "status": self.status}


def injected_error(fault: Fault) -> ReplicateError:
    """Build the error of a fault of kind `status`."""
    error = ReplicateError(fault.status, fault.code)
    if fault.retry_after is not None:
        error.headers["retry-after"] = fault.retry_after
    return error
