"""What the fields that a team lets the provider fill in after a call say of calling again."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

_OPT_OUT: Final = re.compile(
    r"(user_requested_|requested_|is_)?(dnc|do_not_(call|contact)|opt(ed)?_?out|unsubscribed?"
    r"|remove_from_(call_)?list)(_requested|_request)?"
)
_CALLBACK: Final = re.compile(
    r"(requested_|preferred_)?call_?back_?(at|on|time|date_?time|when)(_requested)?"
)
_YES: Final = frozenset({"true", "yes", "1"})
_YEARS: Final = range(2000, 2100)


def has_opt_out_field(fields: Mapping[str, Any]) -> str | None:
    """Return the name of a field by which the person wants no more calls."""
    for name, value in _named(fields, _OPT_OUT):
        if str(value).strip().lower() in _YES:
            return name
    return None


def find_callback(fields: Mapping[str, Any]) -> str | None:
    """Return when to call again, in ISO 8601: UTC, or without offset for the person's own time."""
    for _, value in _named(fields, _CALLBACK):
        moment = _parse_moment(str(value).strip())
        if moment:
            return moment.isoformat()
    return None


def _named(fields: Mapping[str, Any], names: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if names.fullmatch(re.sub(r"[^a-z]+", "_", name.lower()).strip("_")):
            yield name, value


def _parse_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment
