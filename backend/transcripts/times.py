"""Times as transcription services write them: numbers, clocks, ISO 8601 durations, objects."""

import re
from typing import Any, Final, cast

_CLOCK: Final = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")
_SECONDS: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*s?")
_DURATION: Final = re.compile(
    r"P(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)", re.I
)
_PARTS: Final = (("relative", 1.0), ("seconds", 1.0), ("offset", 1.0), ("from", 1.0))


def parse_time(value: Any) -> float | None:
    """Return seconds (or the number as it is), None if it is no time."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, dict):
        return _parse_parts(cast("dict[str, Any]", value))
    return _parse_text(value.strip()) if isinstance(value, str) else None


def _parse_parts(parts: dict[str, Any]) -> float | None:
    for key, factor in _PARTS:
        if (found := parse_time(parts.get(key))) is not None:
            return found * factor + (parse_time(parts.get("nanos")) or 0.0) / 1e9
    return None


def _parse_text(text: str) -> float | None:
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    if seconds := _SECONDS.fullmatch(text):
        return float(seconds[1].replace(",", "."))
    if (duration := _DURATION.fullmatch(text)) and any(duration.groups()):
        hours, minutes, seconds = (float(part or 0) for part in duration.groups())
        return hours * 3600 + minutes * 60 + seconds
    return None
