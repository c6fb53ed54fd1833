"""What a client is answered when the hosted project does not answer."""

import json
from dataclasses import dataclass
from typing import Final

from starlette.types import Send

from edge.gateway.app import Header

_HINT: Final = (
    "The instance's log has the cause. Is SUPABASE_URL right, and the project neither paused nor "
    "overloaded?"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A status with a code and a message."""

    status: int
    code: str
    message: str
    retry_after: int | None = None

    def body(self) -> bytes:
        return json.dumps({"code": self.code, "message": self.message, "hint": _HINT}).encode()

    def headers(self) -> list[Header]:
        """Return the headers; with them a browser shows the error to its page."""
        found = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self.body())).encode()),
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", b"sb-error-code"),
            (b"sb-error-code", self.code.encode()),
        ]
        if self.retry_after:
            found.append((b"retry-after", str(self.retry_after).encode()))
        return found


UNREACHABLE: Final = Failure(
    502, "EDGE_UPSTREAM_UNREACHABLE", "The Supabase project cannot be reached."
)
TIMEOUT: Final = Failure(
    504, "EDGE_UPSTREAM_TIMEOUT", "The Supabase project did not answer in time."
)
BUSY: Final = Failure(
    503, "EDGE_UPSTREAM_BUSY", "Too many requests are at the Supabase project already.", 1
)


async def send_failure(send: Send, failure: Failure) -> None:
    """Answer with the failure."""
    start = {"type": "http.response.start", "status": failure.status, "headers": failure.headers()}
    await send(start)
    await send({"type": "http.response.body", "body": failure.body()})
