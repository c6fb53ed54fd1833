"""Anthropic errors, as in https://platform.claude.com/docs/en/api/errors."""

from typing import Any

from edge.emulator.providers.faults import Fault
from edge.emulator.providers.response import letter_id
from edge.emulator.wire import WireError

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    400: "Your request was refused.",
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing"
    " to upgrade or purchase credits.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "Not Found",
    413: "Request exceeds the maximum size",
    429: "Number of request tokens has exceeded your per-minute rate limit.",
    504: "The request timed out.",
    529: "Overloaded",
}


class AnthropicError(WireError):
    """Renders as `{"type": "error", "error": {type, message}, "request_id"}`."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(status, message)
        self.code = code
        self.request_id = letter_id("req_01", 22)
        self.headers["request-id"] = self.request_id

    def body(self) -> dict[str, Any]:
        kind = KINDS.get(self.status, "api_error")
        error: dict[str, Any] = {"type": kind, "message": self.message}
        if self.code:
            error["details"] = {"error_code": self.code}
        return {"type": "error", "error": error, "request_id": self.request_id}


def invalid(message: str) -> AnthropicError:
    return AnthropicError(400, message)


def injected_error(fault: Fault) -> AnthropicError:
    """Build the API's error for an injected status."""
    message = _MESSAGES.get(fault.status, "Internal server error")
    error = AnthropicError(fault.status, message, code=fault.code)
    if fault.retry_after is not None:
        error.headers["retry-after"] = fault.retry_after
    return error
