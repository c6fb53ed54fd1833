"""The runtime's refusals: one table of code, status and message, as the platform words them.

Source: the hosted platform's replies and the Supabase CLI's functions main service.
"""

import json
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the platform itself; no function's code has seen the request, or it failed."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    hint: str = ""

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of its answer, but for the body's length."""
        headers = [
            (b"content-type", b"application/json"),
            (b"sb-error-code", self.code.encode()),
            (b"access-control-allow-origin", b"*"),
            (
                b"access-control-allow-headers",
                b"authorization, x-client-info, apikey, content-type, traceparent, tracestate, "
                b"baggage",
            ),
            (b"access-control-expose-headers", b"sb-error-code"),
        ]
        if self.retry_after is not None:
            headers.append((b"retry-after", str(self.retry_after).encode()))
        return headers

    def body(self) -> bytes:
        """{code, message}; a 401 also has the older `msg`, and some a `hint` of our own."""
        body = {"code": self.code, "message": self.message}
        if self.status == 401:
            body["msg"] = self.message
        if self.hint:
            body["hint"] = self.hint
        return json.dumps(body).encode()


NOT_FOUND = Refusal(404, "NOT_FOUND", "Requested function was not found")
METHOD_NOT_ALLOWED = Refusal(405, "METHOD_NOT_ALLOWED", "Method not allowed")
WORKER_ERROR = Refusal(500, "WORKER_ERROR", "Function exited due to an error (please check logs)")
BOOT_ERROR = Refusal(503, "BOOT_ERROR", "Function failed to start (please check logs)")
RESOURCE_LIMIT = Refusal(
    546,
    "WORKER_RESOURCE_LIMIT",
    "Function failed due to not having enough compute resources (please check logs)",
)
TOO_MANY_WEBSOCKETS = Refusal(
    503, "EDGE_TOO_MANY_WEBSOCKETS", "Function has too many open WebSockets", retry_after=5
)
STOPPING = Refusal(503, "SERVICE_STOPPING", "The server is stopping", retry_after=5)
INTERNAL_ERROR = Refusal(500, "INTERNAL_ERROR", "Request failed due to an internal server error")

NO_AUTH_HEADER = Refusal(401, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header")
INVALID_JWT_FORMAT = Refusal(401, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT format")
KEY_IS_NO_JWT = Refusal(
    401,
    "UNAUTHORIZED_INVALID_JWT_FORMAT",
    "Invalid JWT format",
    hint="An sb_… key is no JWT: send it as the header apikey, as hosted functions need it too.",
)
INVALID_API_KEY = Refusal(
    401,
    "UNAUTHORIZED_INVALID_API_KEY",
    "Invalid API key",
    hint="The apikey is not one of this project's keys: `edge status` prints them.",
)
INVALID_LEGACY_JWT = Refusal(401, "UNAUTHORIZED_LEGACY_JWT", "Invalid JWT")
INVALID_ASYMMETRIC_JWT = Refusal(401, "UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT")


def unsupported_algorithm(algorithm: str | None) -> Refusal:
    """Return a token whose header names an algorithm that we do not verify."""
    return Refusal(
        401, "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", f"Unsupported JWT algorithm {algorithm}"
    )


def idle_timeout(seconds: float | None) -> Refusal:
    """No first byte in time."""
    return Refusal(504, "IDLE_TIMEOUT", f"Request idle timeout limit ({seconds:g}s) reached")


def body_too_large(limit: int) -> Refusal:
    """Return a request body over the function's limit; upstream has no code of its own."""
    return Refusal(413, "EDGE_BODY_TOO_LARGE", f"The request body is larger than {limit} bytes")


def rate_limited(seconds: float) -> Refusal:
    """More invocations a second than the function's limit; `seconds` until the next may pass."""
    message = "Rate limit exceeded for this function"
    return Refusal(429, "RATE_LIMIT_EXCEEDED", message, retry_after=max(1, math.ceil(seconds)))


class WorkerError(Exception):
    """A worker could not answer; `refusal` is sent to the client."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
