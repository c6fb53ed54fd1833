"""Authentication, required version and response headers common to all Anthropic endpoints."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request

from edge.emulator.providers.anthropic.errors import AnthropicError, injected_error, invalid
from edge.emulator.providers.faults import Fault, Provider
from edge.emulator.providers.response import letter_id
from edge.emulator.wire import WireError

_BEARER = "bearer "
_LIMITS = {"requests": "4000", "input-tokens": "2000000", "output-tokens": "400000"}


class AnthropicAdapter:
    """Follows https://platform.claude.com/docs/en/api/overview."""

    provider = Provider.ANTHROPIC

    def authenticate(self, request: Request) -> None:
        """Accept any key, as x-api-key or bearer token, but require anthropic-version."""
        header = request.headers.get("authorization", "")
        bearer = header[len(_BEARER) :] if header.lower().startswith(_BEARER) else ""
        if not (request.headers.get("x-api-key") or bearer).strip():
            raise AnthropicError(401, "x-api-key header is required")
        if not request.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")

    def unreadable_body(self, problem: str) -> WireError:
        return invalid(f"The request body is not valid JSON: {problem}")

    def too_large(self, limit: int) -> WireError:
        return AnthropicError(413, f"Request exceeds the maximum size of {limit} bytes")

    def injected_error(self, fault: Fault) -> WireError:
        return injected_error(fault)

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        del processing_ms  # this provider does not report it
        reset = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        limits = {
            f"anthropic-ratelimit-{name}-{what}": value
            for name, limit in _LIMITS.items()
            for what, value in (("limit", limit), ("remaining", limit), ("reset", reset))
        }
        return {
            "request-id": letter_id("req_01", 22),
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
            **limits,
        }
