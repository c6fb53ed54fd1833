"""OpenAI errors, worded as in https://platform.openai.com/docs/guides/error-codes."""

from typing import Any

from edge.emulator.providers.faults import Fault
from edge.emulator.wire import WireError

INVALID_REQUEST = "invalid_request_error"


class OpenAIError(WireError):
    """Renders as `{"error": {message, type, param, code}}`."""

    def __init__(
        self, status: int, message: str, *, kind: str = INVALID_REQUEST, code: str | None = None
    ) -> None:
        super().__init__(status, message)
        self.kind = kind
        self.code = code
        self.param: str | None = None

    def about(self, param: str) -> "OpenAIError":
        """Set the parameter at fault and return the error."""
        self.param = param
        return self

    def body(self) -> dict[str, Any]:
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def missing_parameter(name: str) -> OpenAIError:
    message = f"Missing required parameter: '{name}'."
    return OpenAIError(400, message, code="missing_required_parameter").about(name)


def invalid_type(name: str, expected: str, value: object) -> OpenAIError:
    got = _describe(value)
    message = f"Invalid type for '{name}': expected {expected}, but got {got} instead."
    return OpenAIError(400, message, code="invalid_type").about(name)


def invalid_value(name: str, message: str, code: str = "invalid_value") -> OpenAIError:
    return OpenAIError(400, message, code=code).about(name)


def no_key() -> OpenAIError:
    return OpenAIError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization"
        " header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )


_DEFAULT_CODES = {
    401: "invalid_api_key",
    402: "credit_balance_exhausted",
    429: "rate_limit_exceeded",
    503: "server_is_overloaded",
}
_MESSAGES = {
    "invalid_api_key": "Incorrect API key provided: local-***. You can find your API key at"
    " https://platform.openai.com/account/api-keys.",
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing"
    " details. For more information on this error, read the docs:"
    " https://platform.openai.com/docs/guides/error-codes/api-errors.",
    "credit_balance_exhausted": "Your credit balance is exhausted. Add credits to continue.",
    "rate_limit_exceeded": "Rate limit reached for requests. Please try again later.",
    "slow_down": "Too many requests too fast. Please reduce your request rate and ramp up slowly.",
    "server_is_overloaded": "The engine is currently overloaded, please try again later.",
}
_KINDS = {
    "insufficient_quota": "insufficient_quota",
    "credit_balance_exhausted": "insufficient_quota",
    "rate_limit_exceeded": "requests",
    "slow_down": "requests",
    "server_is_overloaded": "service_unavailable_error",
}
_SERVER_ERROR = "The server had an error while processing your request. Sorry about that!"


def injected_error(fault: Fault) -> OpenAIError:
    """Build the API's error for an injected status; `fault.code` distinguishes the 429s."""
    code = fault.code or _DEFAULT_CODES.get(fault.status)
    is_server_error = fault.status >= 500
    kind = "server_error" if is_server_error else INVALID_REQUEST
    message = _SERVER_ERROR if is_server_error else "Your request was refused."
    error = OpenAIError(
        fault.status,
        _MESSAGES.get(code or "", message),
        kind=_KINDS.get(code or "", kind),
        code=code,
    )
    if fault.retry_after is not None:
        error.headers["retry-after"] = fault.retry_after
    return error


_TYPE_NAMES = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a decimal number",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
}


def _describe(value: object) -> str:
    if value is None:
        return "null"
    return _TYPE_NAMES.get(type(value).__name__, "something else")
