"""Request bodies of emulated providers: bounded in bytes and values, so that parsing stays short.

While Python parses JSON nothing else runs. The bounds leave room for the largest context window and
the largest embeddings request of the real APIs.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_MEMBERS: Final = {b",": 400_000, b":": 100_000, b"{": 50_000, b"[": 50_000}
"""How often these may occur, in texts too: elements, members, objects, arrays."""

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class TooLargeError(HTTPException):
    """The body has more than MAX_BYTES."""

    def __init__(self) -> None:
        super().__init__(413, f"The body has more than {MAX_BYTES} bytes.")


async def read_bytes(request: Request) -> bytes:
    """Read the body; raises TooLargeError before more than MAX_BYTES are held."""
    if _announced(request) > MAX_BYTES:
        raise TooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLargeError
    return bytes(body)


def parse_object(raw: bytes) -> Mapping[str, Any]:
    """Parse a JSON object; raises ValueError with the problem."""
    if any(raw.count(mark) > most for mark, most in _MAX_MEMBERS.items()):
        raise ValueError("the body holds too many values")
    text = raw.decode("utf-8-sig")
    try:
        parsed = json.loads(text)
    except RecursionError as exc:
        raise ValueError("the body is nested too deeply") from exc
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(parsed)
    if not isinstance(parsed, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - the caller's text
    return cast("Mapping[str, Any]", parsed)


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise ValueError("a string holds half of a surrogate pair") from exc


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
