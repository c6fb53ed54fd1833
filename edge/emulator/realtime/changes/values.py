"""A column's text as JSON, as to_jsonb renders it, and equality of texts. Pure."""

import re
from typing import Final

from edge.emulator.realtime.changes.subscription import Filter
from edge.emulator.realtime.codec import dumps

_BOOL: Final = 16
_BYTEA: Final = 17
_INTEGERS: Final = frozenset({20, 21, 23, 26})
_NUMBERS: Final = frozenset({700, 701, 1700})
_JSON: Final = frozenset({114, 3802})
_TEXTS: Final = frozenset({18, 19, 25, 1042, 1043, 2950, 1082, 1083, 1266, 869, 650})
_TIMESTAMP: Final = 1114
_TIMESTAMPTZ: Final = 1184
_SHORT_OFFSET: Final = re.compile(r"([+-]\d\d)$")
_AS_IS: Final = _INTEGERS | _JSON
_TEXT_LIKE: Final = frozenset({25, 1043})
_UUID: Final = 2950
_UUID_TEXT: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def render_value(type_oid: int, text: str) -> str | None:
    """Return JSON; None for types that Postgres has to convert: arrays, composites, ranges …"""
    if type_oid in _AS_IS:
        return text
    if type_oid in _NUMBERS:
        return dumps(text) if text.lstrip("-") in {"NaN", "Infinity"} else text
    if type_oid == _BOOL:
        return "true" if text == "t" else "false"
    if type_oid in _TEXTS:
        return dumps(text)
    if type_oid in (_TIMESTAMP, _TIMESTAMPTZ):
        return dumps(_moment(type_oid, text))
    return dumps(text.removeprefix("\\x")) if type_oid == _BYTEA else None


def _moment(type_oid: int, text: str) -> str:
    """Return `2026-01-02 03:04:05+00` as `2026-01-02T03:04:05+00:00`."""
    if text in {"infinity", "-infinity"} or text.endswith("BC"):
        return text
    moment = text.replace(" ", "T", 1)
    return _SHORT_OFFSET.sub(r"\1:00", moment) if type_oid == _TIMESTAMPTZ else moment


def compare(type_oid: int, condition: Filter, value: str | None) -> bool | None:
    """Evaluate eq, neq and in for plain types; None for what Postgres has to decide."""
    if condition.operator not in {"eq", "neq", "in"}:
        return None
    if value is None:
        return False
    operands = condition.values if condition.operator == "in" else (condition.value,)
    known = _canonical(type_oid, value)
    others = [_canonical(type_oid, each) for each in operands]
    if known is None or None in others:
        return None
    return ((known in others) != (condition.operator == "neq")) != condition.is_negated


def _canonical(type_oid: int, text: str) -> str | None:
    """Return a text that equal values share; None where that is not certain."""
    if type_oid in _TEXT_LIKE:
        return text
    if type_oid in _INTEGERS:
        return str(int(text)) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
    if type_oid == _UUID:
        return text.lower() if _UUID_TEXT.fullmatch(text) else None
    if type_oid == _BOOL and text in {"t", "f", "true", "false"}:
        return text[0]
    return None
