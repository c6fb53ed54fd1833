"""JSON of Socket.IO's frames: one with many values is refused before it is parsed.

Parsing takes as long as there are values: megabytes of small ones would hold the event loop for a
second.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from backend.chat.messages import MOST_VALUES, UnreadMessage

_MOST_SIGNS: Final = 2 * MOST_VALUES + 100
"""Commas and opening brackets: a message of MOST_VALUES has fewer, also with its ids."""
_MOST_QUOTES: Final = 2 * _MOST_SIGNS
"""Of a frame with many signs, so that those in texts can be told apart in time."""
_PIECE: Final = 1 << 16
_CHAT: Final = re.compile(r'\s*\[\s*"chat"\s*,')
_ID: Final = re.compile(r'\s*:\s*(?:"([A-Za-z0-9_.:-]{1,64})"|(\d{1,64}))')


class FrameJson:
    """What python-socketio calls as a JSON module; `refused` counts frames that were not parsed."""

    def __init__(self) -> None:
        self.refused = 0

    def dumps(self, value: Any, **options: Any) -> str:
        """Return a value as JSON."""
        return json.dumps(value, **options)

    def loads(self, text: str) -> Any:
        """Return the value of a frame; of a chat message that is refused, its ids.

        Raises ValueError, also for another frame that is refused.
        """
        if not has_many_values(text):
            return json.loads(text)
        self.refused += 1
        if not _CHAT.match(text):
            raise ValueError("the frame has too many values")
        ids = {name: _find_id(text, name) for name in ("session_id", "conv_id")}
        return ["chat", UnreadMessage(ids)]


FRAME_JSON: Final = FrameJson()
"""One for the process, as python-socketio keeps it."""


def has_many_values(text: str) -> bool:
    """Return whether JSON has more values than a message may have; signs in texts do not count."""
    if len(text) <= _MOST_SIGNS or _count_signs(text) <= _MOST_SIGNS:
        return False
    parts = text.split('"', _MOST_QUOTES)
    return len(parts) > _MOST_QUOTES or _count_signs(_read_outside(parts)) > _MOST_SIGNS


def _count_signs(text: str) -> int:
    """Return how many there are, or a number beyond what is allowed."""
    total = 0
    for at in range(0, len(text), _PIECE):
        total += sum(text.count(sign, at, at + _PIECE) for sign in ",[{")
        if total > _MOST_SIGNS:
            break
    return total


def _read_outside(parts: Iterable[str]) -> str:
    """Return what is outside of texts; `parts` are between quotes."""
    outside: list[str] = []
    is_inside = False
    for part in parts:
        if not is_inside:
            outside.append(part)
            is_inside = True
        elif not part.endswith("\\") or (len(part) - len(part.rstrip("\\"))) % 2 == 0:
            is_inside = False
    return "".join(outside)


def _find_id(text: str, name: str) -> str | None:
    key = f'"{name}"'
    at = text.find(key)
    found = _ID.match(text, at + len(key)) if at >= 0 else None
    return found[1] or found[2] if found else None
