"""Echoes JSON, returns its version, or ends its process in the midst of the request (`?end`)."""

import os
from typing import Any

from starlette.requests import Request

VERSION = "0"


async def main(request: Request) -> Any:
    """A POST gets its body back, a GET the version."""
    if request.url.query == "end":
        os._exit(7)
    return await request.json() if request.method == "POST" else VERSION
