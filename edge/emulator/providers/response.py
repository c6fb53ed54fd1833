"""Parts of provider responses: random identifiers, server-sent events, truncated bodies.

Event streams follow the HTML standard's "Server-sent events" (data, event fields) as OpenAI and
Anthropic use them.
"""

import json
import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_ALPHABET = string.ascii_letters + string.digits
_PIECE = re.compile(r"\S+\s*|\s+")
_WORDS_PER_PIECE = 8


def hex_id(prefix: str, length: int) -> str:
    """Return the prefix and `length` random hexadecimal digits."""
    return f"{prefix}{secrets.token_hex((length + 1) // 2)[:length]}"


def letter_id(prefix: str, length: int) -> str:
    """Return the prefix and `length` random letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def render_event(payload: Mapping[str, Any], name: str | None = None) -> str:
    """Render one server-sent event, with an `event:` field if it has a name."""
    prefix = f"event: {name}\n" if name else ""
    return f"{prefix}data: {json.dumps(payload, ensure_ascii=False)}\n\n"


def split_pieces(text: str) -> Iterator[str]:
    """Split into deltas of eight words each; joined they are the text."""
    words = _PIECE.findall(text)
    for start in range(0, len(words), _WORDS_PER_PIECE):
        yield "".join(words[start : start + _WORDS_PER_PIECE])


class EventStream(Response):
    """A whole event stream in one body: the completion is ready before its first event is sent."""

    media_type = "text/event-stream"

    def __init__(self, events: Iterable[str]) -> None:
        super().__init__("".join(events), headers={"cache-control": "no-cache"})


class CutResponse(Response):
    """Announces the whole body, sends half of it and stops: the server closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__(bytes(whole.body), whole.status_code, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        half = bytes(self.body)[: len(self.body) // 2]
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": half, "more_body": True})


def truncate_json(response: Response) -> Response:
    """Return a complete response whose JSON body ends in the middle."""
    body = bytes(response.body)
    broken = Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    for name, value in response.headers.items():
        broken.headers.setdefault(name, value)
    return broken
