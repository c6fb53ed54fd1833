"""The base of every error that an emulated service puts on the wire."""

from collections.abc import Mapping
from typing import Any


class WireError(Exception):
    """A refusal with its HTTP status and headers; each service gives it that service's body."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """What the client reads, as JSON."""
        return {"message": self.message}
