"""Filters for log entries, and parsers for the command line's times and levels."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final

from edge.errors import EdgeError
from edge.events import Level
from edge.logs.entry import Entry
from edge.logs.level import is_at_least, level_named

_AGO: Final = re.compile(r"(\d{1,9})\s*(s|m|h|d|w)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Query:
    """A filter; None and empty members match everything, `level` is the minimum severity."""

    functions: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    level: Level | None = None
    search: str = ""

    def matches(self, entry: Entry) -> bool:
        """Return whether the entry passes every filter."""
        return (
            (not self.functions or entry.function in self.functions)
            and (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time < self.until)
            and (self.level is None or is_at_least(entry.level, self.level))
            and (not self.search or self.search.casefold() in _searchable(entry))
        )


def parse_moment(text: str, now: datetime) -> datetime:
    """Parse an age (90s, 10m, 2h, 1d, 1w) or an ISO 8601 time, local unless it has an offset."""
    if found := _AGO.fullmatch(text.strip().lower()):
        try:
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        except OverflowError:
            return datetime.min.replace(tzinfo=now.tzinfo)
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError) as exc:
        raise EdgeError(
            f"{text!r} is not a time.",
            cure="Give an age such as 90s, 10m, 2h or 1d, or a time such as 2025-01-31T09:00.",
        ) from exc


def parse_level(text: str) -> Level:
    """Parse a level by any name that logging libraries use. Raises EdgeError for other names."""
    if level := level_named(text):
        return level
    near = get_close_matches(text.lower(), list(Level), n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise EdgeError(f"{text!r} is not a level.", cure=f"{meant}Levels are: {', '.join(Level)}.")


def _searchable(entry: Entry) -> str:
    fields = json.dumps(dict(entry.fields), ensure_ascii=False) if entry.fields else ""
    texts = (entry.message, entry.function, entry.request_id, entry.execution_id, fields)
    return "\n".join(texts).casefold()
