"""Detects the log level of a line that a function wrote, from the line alone.

A level stated in the line wins: a JSON record's, structlog's, those of logging's usual formats.
Next come the shapes of Python's warnings and tracebacks. Any other line is info on stdout and an
error on stderr, as with console.log and console.error on the platform: Python writes
unmarked text to stderr for tracebacks and for unconfigured logging, which starts at warning.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from edge.events import Level

_BY_NAME: Final = {
    **dict.fromkeys(("notset", "trace", "debug"), Level.DEBUG),
    **dict.fromkeys(("info", "information", "notice", "success"), Level.INFO),
    **dict.fromkeys(("warn", "warning"), Level.WARNING),
    **dict.fromkeys(("err", "error", "exception", "critical", "fatal"), Level.ERROR),
    **dict.fromkeys(("alert", "emergency"), Level.ERROR),
}
_RANKS: Final = {level: rank for rank, level in enumerate(Level)}
_JSON_KEYS: Final = ("level", "severity", "levelname", "log_level")
_HEAD: Final = 200

_ANY = "|".join(sorted(_BY_NAME, key=len, reverse=True))
_UPPER = _ANY.upper()
_TIME = r"\d[\d\-:.,/TZ+]*\s+"
_GROUP = r"\[[^\[\]]*\]\s*"
_STATED: Final = re.compile(
    rf"(?:{_TIME}|{_GROUP})*(?:[-|]\s*)?"
    rf"(?:\[\s*(?i:({_ANY}))\s*\]|(?i:({_ANY}))\s*:|({_UPPER})(?=[\s|]|$))"
)
_STATED_INSIDE: Final = re.compile(rf"\[({_UPPER})\s*\]|\s[-|]\s+({_UPPER})\s+[-|]\s|\s({_UPPER}):")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_WARNING: Final = re.compile(r".+:\d+: \w*Warning: ")
_TRACEBACK: Final = re.compile(
    r"Traceback \(most recent call last\):"
    r'|\s+File ".+", line \d+'
    r"|[\w.]*(?:Error|Exception|ExceptionGroup|Interrupt)(?:: |$)"
)


def level_of(stream: str, text: str, record: Mapping[str, Any] | None = None) -> Level:
    """Return the level of one line written to `stream` (stdout or stderr).

    `record` holds its members, if it has been parsed.
    """
    if text.startswith("{"):
        members = _parse(text) if record is None else record
        if members and (level := _level_of_members(members)):
            return level
    head = _COLOUR.sub("", text[:_HEAD])
    if found := _STATED.match(head) or _STATED_INSIDE.search(head):
        return _BY_NAME[found[found.lastindex or 0].lower()]
    if _WARNING.match(head):
        return Level.WARNING
    if _TRACEBACK.match(head):
        return Level.ERROR
    return Level.ERROR if stream == "stderr" else Level.INFO


def is_at_least(level: Level, minimum: Level) -> bool:
    """Return whether the severity of `level` is at least that of `minimum`."""
    return _RANKS[level] >= _RANKS[minimum]


def level_named(name: str) -> Level | None:
    """Return the level that logging libraries call `name`, in any case, or None."""
    return _BY_NAME.get(name.strip().lower())


def level_of_status(status: int) -> Level:
    """Return the level of an HTTP response: ERROR from 500, WARNING from 400, else INFO."""
    if status >= 500:
        return Level.ERROR
    return Level.WARNING if status >= 400 else Level.INFO


def _parse(text: str) -> Mapping[str, Any] | None:
    try:
        return cast("dict[str, Any]", json.loads(text))  # what begins with a brace is an object
    except (ValueError, RecursionError):
        return None


def _level_of_members(record: Mapping[str, Any]) -> Level | None:
    stated = next((record[key] for key in _JSON_KEYS if key in record), None)
    if isinstance(stated, str):
        return level_named(stated)
    if isinstance(stated, int):
        return _level_of_number(stated)
    status = record.get("status")
    if "request_id" in record and isinstance(status, int):
        return level_of_status(status)
    return None


def _level_of_number(number: int) -> Level:
    """Map the numeric levels of Python's logging module."""
    if number >= 40:
        return Level.ERROR
    if number >= 30:
        return Level.WARNING
    return Level.INFO if number >= 20 else Level.DEBUG
