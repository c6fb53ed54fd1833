"""Server-sent events: one completion told in pieces."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.responses import Response

_PIECE = re.compile(r"\S+\s*|\s+")
_WORDS_PER_PIECE = 8


def render_event(payload: Mapping[str, Any], name: str | None = None) -> str:
    """One event; the name is also in the payload where the provider puts it there."""
    prefix = f"event: {name}\n" if name else ""
    return f"{prefix}data: {json.dumps(payload, ensure_ascii=False)}\n\n"


def split_pieces(text: str) -> Iterator[str]:
    """Deltas of a few words; joined they are the text."""
    words = _PIECE.findall(text)
    for start in range(0, len(words), _WORDS_PER_PIECE):
        yield "".join(words[start : start + _WORDS_PER_PIECE])


class EventStream(Response):
    """The whole stream in one body: a completion is ready before its first event is sent."""

    media_type = "text/event-stream"

    def __init__(self, events: Iterable[str]) -> None:
        super().__init__("".join(events), headers={"cache-control": "no-cache"})
