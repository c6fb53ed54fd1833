"""Parse and render durations as Go does: 1h30m, 24h, 500ms."""

import re
from datetime import timedelta
from typing import Final

_PART: Final = re.compile(r"(\d{1,12}(?:\.\d{0,9})?|\.\d{1,9})(ns|us|µs|ms|s|m|h)")
_UNITS: Final = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "us": timedelta(microseconds=1),
    "µs": timedelta(microseconds=1),
    "ns": timedelta(),
}
_MAX_LENGTH: Final = 64


def parse_duration(text: str) -> timedelta:
    """Parse a Go duration; raises ValueError with Go's message."""
    digits = text[1:] if text[:1] in "+-" else text
    if digits == "0":
        return timedelta()
    parts = _PART.findall(digits) if len(digits) <= _MAX_LENGTH else []
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        missing = re.fullmatch(r"\d+(\.\d*)?", digits)
        reason = "time: missing unit in duration" if missing else "time: invalid duration"
        raise ValueError(f'{reason} "{text[:_MAX_LENGTH]}"')
    try:
        total = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError as exc:
        raise ValueError(f'time: invalid duration "{text[:_MAX_LENGTH]}"') from exc
    return -total if text[:1] == "-" else total
