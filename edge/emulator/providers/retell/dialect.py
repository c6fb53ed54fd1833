"""What all of Retell's endpoints share: the key and the errors."""

from collections.abc import Mapping

from starlette.requests import Request

from edge.emulator.providers.faults import Fault, Provider
from edge.emulator.providers.retell.errors import RetellError, ordered_error
from edge.emulator.wire import WireError

_BEARER = "bearer "


def api_key(request: Request) -> str:
    """The key of the workspace that the request is for."""
    header = request.headers.get("authorization", "")
    return header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else ""


class RetellDialect:
    """See https://docs.retellai.com/api-references."""

    provider = Provider.RETELL

    def authenticate(self, request: Request) -> None:
        """Any key will do and opens a workspace of its own, but there has to be one."""
        if not api_key(request):
            raise RetellError(401)

    def unreadable_body(self, problem: str) -> WireError:
        del problem
        return RetellError(400)

    def ordered_error(self, fault: Fault) -> WireError:
        return ordered_error(fault)

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        del processing_ms
        return {}
