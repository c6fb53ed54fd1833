"""How long JSON takes to parse: that depends on how many values it has.

Megabytes of text are quick, megabytes of small values take a second, during which an event loop
would answer no other request.
"""

import json
from typing import Any, Final, cast

_MAX_VALUES: Final = 10_000
_MAX_ESCAPES: Final = 100_000


def is_dense(data: str | bytes) -> bool:
    """Return whether parsing may take longer than an event loop can wait: 5 ms."""
    if len(data) <= _MAX_VALUES:
        return False
    signs = (",", "[", "{", "\\") if isinstance(data, str) else (b",", b"[", b"{", b"\\")
    comma, bracket, brace, backslash = (data.count(cast("Any", sign)) for sign in signs)
    return comma + bracket + brace > _MAX_VALUES or backslash > _MAX_ESCAPES


def has_more_values(data: bytes, most: int) -> bool:
    """Return whether JSON has more values than that; commas and brackets of its texts are none."""
    if len(data) <= most:
        return False
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * most:  # each value may have a name
        return True
    outside = b"".join(plain.split(b'"')[::2])
    return sum(map(outside.count, (b",", b"[", b"{"))) > most


def loads(data: str | bytes) -> Any:
    """Parse JSON on an event loop; raises ValueError, also for what takes too long there."""
    if is_dense(data):
        raise ValueError("the JSON holds too many values")
    try:
        return json.loads(data)
    except RecursionError as exc:
        raise ValueError("the JSON is nested too deeply") from exc
