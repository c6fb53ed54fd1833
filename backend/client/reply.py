"""Errors in the replies of functions; imports no HTTP client, so that each client can use it."""

from collections.abc import Mapping
from typing import Any, cast


def read_error(slug: str, status: int, body: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and code of a function's {error: {…}} or the platform's {code, message}."""
    error: Any = body.get("error")
    details = cast("Mapping[str, Any]", error) if isinstance(error, dict) else body
    message = str(details.get("message") or details.get("msg") or f"{slug} answered {status}.")
    return message, str(details.get("code") or f"HTTP_{status}")
