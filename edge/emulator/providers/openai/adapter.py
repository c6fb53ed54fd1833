"""Authentication, response headers and body errors common to all OpenAI endpoints."""

from collections.abc import Mapping

from starlette.requests import Request

from edge.emulator.providers.faults import Fault, Provider
from edge.emulator.providers.openai.errors import OpenAIError, injected_error, no_key
from edge.emulator.providers.response import hex_id
from edge.emulator.wire import WireError

_BEARER = "bearer "


class OpenAIAdapter:
    """Follows https://platform.openai.com/docs/api-reference/debugging-requests."""

    provider = Provider.OPENAI

    def authenticate(self, request: Request) -> None:
        """Accept any non-empty bearer token; raise 401 otherwise."""
        header = request.headers.get("authorization", "")
        if not header.lower().startswith(_BEARER) or not header[len(_BEARER) :].strip():
            raise no_key()

    def unreadable_body(self, problem: str) -> WireError:
        return OpenAIError(
            400,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't"
            f" using your HTTP library correctly. {problem})",
        )

    def too_large(self, limit: int) -> WireError:
        message = f"Your request is too large: it has more than {limit} bytes."
        return OpenAIError(413, message, code="request_too_large")

    def injected_error(self, fault: Fault) -> WireError:
        return injected_error(fault)

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        return {
            "x-request-id": hex_id("req_", 32),
            "openai-organization": "org-local",
            "openai-version": "2020-10-01",
            "openai-processing-ms": f"{processing_ms:.0f}",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-limit-tokens": "2000000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-remaining-tokens": "1999000",
            "x-ratelimit-reset-requests": "6ms",
            "x-ratelimit-reset-tokens": "30ms",
        }
