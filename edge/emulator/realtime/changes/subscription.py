"""A subscription to the changes of tables: what a join's entry says. Pure.

Follows supabase/realtime (postgres_cdc_rls/subscriptions.ex).
"""

import re
from dataclasses import dataclass
from typing import Any, Final, cast

_EVENTS: Final = ("INSERT", "UPDATE", "DELETE")
_OPERATORS: Final = (
    "eq neq lt lte gt gte in like ilike is match imatch isdistinct".split()  # noqa: SIM905
)
_FILTER: Final = re.compile(r"([^=]+)=(not\.)?([a-z]+)\.(.*)", re.DOTALL)
_MAX_IN: Final = 100
_IS: Final = ("null", "true", "false", "unknown", "not null")


class SubscriptionError(Exception):
    """An entry that cannot be subscribed to; the message is the client's."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one column."""

    column: str
    operator: str
    value: str
    is_negated: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The members of an `in` list."""
        return tuple(_unquote(part) for part in _split(self.value[1:-1]) if part)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One entry of a join; `*` stands for all events, schemas' tables."""

    id: int
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...]
    select: tuple[str, ...] | None

    def matches(self, event: str, schema: str, table: str) -> bool:
        return (
            self.event in ("*", event)
            and self.schema in ("*", schema)
            and self.table in ("*", table)
        )

    def describe(self) -> str:
        """Return the parameters as in upstream's messages."""
        filters = ", ".join(
            f'{{"{each.column}", "{each.operator}", "{each.value}"}}' for each in self.filters
        )
        select = "nil" if self.select is None else "[" + ", ".join(self.select) + "]"
        return (
            f"[event: {self.event}, schema: {self.schema}, table: {self.table},"
            f" filters: [{filters}], select: {select}]"
        )


def parse_subscription(number: int, entry: dict[str, Any]) -> Subscription:
    """Read an entry. Raises SubscriptionError."""
    schema, table, text = (_text(entry.get(name)) for name in ("schema", "table", "filter"))
    if not schema and not table:
        shown = ", ".join(f'"{key}" => "{value}"' for key, value in sorted(entry.items()))
        raise SubscriptionError(
            "No subscription params provided. Please provide at least a `schema` or `table` to"
            f" subscribe to: %{{{shown}}}"
        )
    event = str(entry.get("event", "*")).upper()
    select = _read_select(entry.get("select"))
    if select and (not schema or not table or "*" in (schema, table)):
        raise SubscriptionError(
            "Column selection is not supported for wildcard subscriptions. Provide an explicit"
            " schema and table name."
        )
    return Subscription(
        number,
        event if event in _EVENTS else "*",
        schema or "public",
        table or "*",
        parse_filters(text),
        select,
    )


def parse_filters(text: str) -> tuple[Filter, ...]:
    """Read `col=op.value,col=not.op.value`. Raises SubscriptionError."""
    if not text:
        return ()
    parts = _split(text)
    if not all(part.strip() for part in parts):
        raise SubscriptionError(
            f'Error parsing `filter` params: ["{text}"]: filter must not contain empty segments'
            " (check for extra commas)"
        )
    return tuple(_parse_filter(part, text) for part in parts)


def _parse_filter(part: str, text: str) -> Filter:
    match = _FILTER.fullmatch(part.strip())
    if match is None or match[3] not in _OPERATORS:
        shown = ", ".join(f'"{piece}"' for piece in re.split("[=.]", text, maxsplit=2))
        raise SubscriptionError(f"Error parsing `filter` params: [{shown}]")
    column, negation, operator, value = match.groups()
    found = Filter(column.strip(), operator, value, bool(negation))
    if operator == "in":
        if not (value.startswith("(") and value.endswith(")")):
            raise SubscriptionError(f'Error parsing `filter` params: ["{text}"]')
        if len(found.values) > _MAX_IN:
            raise SubscriptionError(f"too many values for `in` filter. Maximum {_MAX_IN}")
    elif operator == "is":
        if value.lower() not in _IS:
            raise SubscriptionError(f'Error parsing `filter` params: ["{text}"]')
    else:
        found = Filter(found.column, operator, _unquote(value), bool(negation))
    return found


def _split(text: str) -> list[str]:
    """Split at commas outside of parentheses and quotes."""
    parts: list[str] = []
    depth, quoted, start = 0, False, 0
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and quoted:
            position += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
        elif character == "," and not quoted and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _unquote(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _read_select(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    return tuple(str(each) for each in cast("list[Any]", value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
