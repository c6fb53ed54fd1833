"""Query parameters as conditions of SQL: each value is bound, never part of the text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, cast
from uuid import UUID

from edge.console_api.errors import invalid
from edge.errors import EdgeError
from edge.logs.query import parse_moment

DEFAULT_LIMIT: Final = 50
_MOST: Final = 500
_STATUS: Final = re.compile(r"([1-5])xx|([1-9]\d\d)")


@dataclass(slots=True)
class Conditions:
    """Conditions joined by `and`, and the values of their parameters."""

    parts: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])

    def add(self, part: str, *values: Any) -> None:
        """Add a condition; each `?` in it stands for a value."""
        for value in values:
            self.values.append(value)
            part = part.replace("?", f"${len(self.values)}", 1)
        self.parts.append(part)

    def bind(self, value: Any) -> str:
        """Bind a value; returns its placeholder."""
        self.values.append(value)
        return f"${len(self.values)}"

    @property
    def where(self) -> LiteralString:
        return cast("LiteralString", " and ".join(self.parts) or "true")


def parse_limit(parameters: Mapping[str, str]) -> int:
    """Return the number of rows of a page."""
    text = parameters.get("limit", "")
    if not text:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= _MOST:
        raise invalid(f"limit is {text[:40]!r}.", f"Use a number from 1 to {_MOST}.")
    return int(text)


def parse_time(parameters: Mapping[str, str], name: str) -> datetime | None:
    """Return a time: ISO 8601, or an age such as 15m."""
    text = parameters.get(name, "").strip()
    if not text:
        return None
    try:
        return parse_moment(text.replace(" ", "+"), datetime.now(UTC))
    except EdgeError as exc:
        raise invalid(f"{name}: {exc.message}", exc.cure) from exc


def parse_uuid(text: str, what: str) -> UUID:
    """Return an id, the value of a parameter."""
    try:
        return UUID(text)
    except ValueError:
        raise invalid(f"{what} is {text[:60]!r}.", "Ids are UUIDs.") from None


def add_times(conditions: Conditions, parameters: Mapping[str, str], column: str) -> None:
    """Bound the time by `from` and `to`."""
    if begin := parse_time(parameters, "from"):
        conditions.add(f"{column} >= ?", begin)
    if end := parse_time(parameters, "to"):
        conditions.add(f"{column} < ?", end)


def add_status(conditions: Conditions, text: str, column: str = "r.status") -> None:
    """Add e.g. `5xx`, `404`, `error`, `ok`, or several separated by commas."""
    if not text:
        return
    parts: list[str] = []
    for word in text.lower().split(","):
        name, found = word.strip(), _STATUS.fullmatch(word.strip())
        if name in {"error", "failed"}:
            parts.append(f"{column} >= 400")
        elif name == "ok":
            parts.append(f"{column} < 400")
        elif found and found[1]:
            low = int(found[1]) * 100
            parts.append(f"{column} between {low} and {low + 99}")
        elif found:
            parts.append(f"{column} = {int(found[2])}")
        else:
            raise invalid(f"status is {word[:40]!r}.", "Use 404, 5xx, error or ok; or 4xx,5xx.")
    conditions.add(f"({' or '.join(parts)})")


def add_cursor(conditions: Conditions, text: str, columns: str, *, is_uuid: bool) -> None:
    """Continue below the last row of a page, given as `microseconds.id`."""
    if not text:
        return
    moment, _, key = text.partition(".")
    try:
        seconds, microseconds = divmod(int(moment), 1_000_000)
        at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
        last = UUID(key) if is_uuid else int(key)
    except (ValueError, OverflowError, OSError) as exc:
        raise invalid("The cursor is not one of ours.", "Take `next` of the last page.") from exc
    conditions.add(f"({columns}) < (?, ?)", at, last)


def make_cursor(at: datetime, key: object) -> str:
    """Return the cursor of a page's last row."""
    seconds = at.replace(microsecond=0).timestamp()
    return f"{round(seconds) * 1_000_000 + at.microsecond}.{key}"


def like(text: str) -> str:
    """Return a pattern of ILIKE that contains the text."""
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return f"%{escaped}%"
