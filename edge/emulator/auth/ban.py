"""For how long a person is banned: Go's way to write a duration, or "none"."""

import re
from datetime import datetime, timedelta
from typing import Final

from edge.emulator.auth.errors import BAN_INVALID

_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)")
_UNITS: Final = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def parse_ban(text: str, start: datetime) -> datetime | None:
    """When the ban ends; None for "none", which lifts it."""
    if text == "none":
        return None
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BAN_INVALID.error(value=text)
    try:
        return start + sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError as exc:
        raise BAN_INVALID.error(value=text) from exc
