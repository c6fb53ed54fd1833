"""Authentication and errors common to all Retell endpoints."""

from collections.abc import Mapping

from starlette.requests import Request

from edge.emulator.providers.faults import Fault, Provider
from edge.emulator.providers.retell.errors import RetellError, injected_error
from edge.emulator.wire import WireError

_BEARER = "bearer "


def api_key(request: Request) -> str:
    """Return the bearer token, which identifies the workspace; "" if there is none."""
    header = request.headers.get("authorization", "")
    return header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""


class RetellAdapter:
    """Follows https://docs.retellai.com/api-references."""

    provider = Provider.RETELL

    def authenticate(self, request: Request) -> None:
        """Accept any non-empty key; each key has a separate workspace."""
        if not api_key(request):
            raise RetellError(401)

    def unreadable_body(self, problem: str) -> WireError:
        del problem
        return RetellError(400)

    def too_large(self, limit: int) -> WireError:
        return RetellError(413, f"The request has more than {limit} bytes.")

    def injected_error(self, fault: Fault) -> WireError:
        return injected_error(fault)

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        del processing_ms
        return {}
