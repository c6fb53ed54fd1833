"""Authentication and errors common to all Replicate endpoints."""

from collections.abc import Mapping

from starlette.requests import Request

from edge.emulator.providers.faults import Fault, Provider
from edge.emulator.providers.replicate.errors import ReplicateError, injected_error
from edge.emulator.wire import WireError


class ReplicateAdapter:
    """Follows https://replicate.com/docs/reference/http."""

    provider = Provider.REPLICATE

    def authenticate(self, request: Request) -> None:
        """Accept any token in `Authorization: Bearer` or the older `Token`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"bearer", "token"} or not token.strip():
            raise ReplicateError(401)

    def unreadable_body(self, problem: str) -> WireError:
        return ReplicateError(400, f"The request body is not valid: {problem}.")

    def too_large(self, limit: int) -> WireError:
        return ReplicateError(413, f"The request has more than {limit} bytes.")

    def injected_error(self, fault: Fault) -> WireError:
        return injected_error(fault)

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        del processing_ms
        return {}
