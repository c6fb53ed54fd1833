"""The base class of the errors that an emulated service returns over HTTP."""

from collections.abc import Mapping
from typing import Any


class WireError(Exception):
    """An HTTP error response; a service's subclass renders that service's body."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the response's body, to be encoded as JSON."""
        return {"message": self.message}
