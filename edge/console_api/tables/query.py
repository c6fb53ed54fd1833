"""Statements that read a table's rows page by page, filtered and sorted. Pure.

Pages follow the primary key, or ctid where a table has none; views are read by offset.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from psycopg import sql

from edge.console_api.filters import like
from edge.console_api.tables.catalog import Table

MAX_PAGE: Final = 500
SHOWN: Final = 2048
_EXPORTED: Final = 10_000_000
_CTID: Final = "ctid"
_COMPARISONS: Final = {
    "eq": sql.SQL("="),
    "neq": sql.SQL("<>"),
    "gt": sql.SQL(">"),
    "gte": sql.SQL(">="),
    "lt": sql.SQL("<"),
    "lte": sql.SQL("<="),
}
_IS: Final = {
    "null": sql.SQL("is null"),
    "not_null": sql.SQL("is not null"),
    "true": sql.SQL("is true"),
    "false": sql.SQL("is false"),
}


class QueryError(Exception):
    """A filter, an order or a cursor that cannot be used; the message names the cure."""


@dataclass(frozen=True, slots=True)
class Query:
    """What rows to read: filters as `column.operator.value`, an order as `column[.desc]`."""

    filters: Sequence[str] = ()
    search: str = ""
    order: str = ""
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A statement and how to read its answer: the last `keys` columns are the row's key.

    Without keys the next page is found by `offset`.
    """

    text: str
    columns: int
    keys: tuple[str, ...]
    limit: int
    offset: int = 0
    sort: bool = False


def build_page(table: Table, query: Query) -> Page:
    """Build the statement of a page; one row more than `limit` is asked for. Raises QueryError."""
    limit = max(1, min(query.limit, MAX_PAGE))
    keys = table.key or ((_CTID,) if table.has_ctid else ())
    column, descending = _parse_order(table, query.order)
    order = [column] if column else []
    names = [*order, *keys] if keys else order
    nullable = bool(column) and not _is_required(table, column)
    conditions = _conditions(table, query)
    offset = 0
    if query.cursor:
        values = _decode(query.cursor)
        if not keys:
            offset = _as_offset(values)
        elif len(values) != len(names):
            raise QueryError("The cursor is of another order. Begin at the first page.")
        else:
            conditions.append(_after(names, values, descending, nullable))
    shown = [_cut(each.name, SHOWN + 1) for each in table.columns]
    hidden = [sql.SQL("{}::text").format(_column(name)) for name in names if keys]
    direction = sql.SQL(" desc") if descending else sql.SQL("")
    text = sql.SQL("select {} from {} t{}{} limit {}{}").format(
        sql.SQL(", ").join([*shown, *hidden]) if shown or hidden else sql.SQL("1"),
        sql.Identifier(table.schema, table.name),
        _where(conditions),
        _order(names, direction, nullable=nullable),
        sql.Literal(limit + 1),
        sql.SQL(" offset {}").format(sql.Literal(offset)) if offset else sql.SQL(""),
    )
    return Page(text.as_string(), len(table.columns), keys, limit, offset, bool(column))


def build_export(table: Table, query: Query) -> str:
    """Build the statement that copies the rows out as CSV. Raises QueryError."""
    column, descending = _parse_order(table, query.order)
    names = [column] if column else list(table.key)
    text = sql.SQL("copy (select {} from {} t{}{}) to stdout (format csv, header)").format(
        sql.SQL(", ").join(_cut(each.name, _EXPORTED) for each in table.columns),
        sql.Identifier(table.schema, table.name),
        _where(_conditions(table, query)),
        _order(names, sql.SQL(" desc") if descending else sql.SQL("")),
    )
    return text.as_string()


def encode_cursor(values: Sequence[Any]) -> str:
    text = json.dumps(list(values), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as exc:
        raise QueryError("The cursor is not one of ours. Begin at the first page.") from exc
    items: list[Any] = cast("list[Any]", values) if isinstance(values, list) else [()]
    if not all(item is None or isinstance(item, str | int) for item in items):
        raise QueryError("The cursor is not one of ours. Begin at the first page.")
    return items


def _as_offset(values: list[Any]) -> int:
    offset = values[0] if len(values) == 1 else None
    if not isinstance(offset, int) or not 0 <= offset < 2**31:
        raise QueryError("The cursor is of another table. Begin at the first page.")
    return offset


def _parse_order(table: Table, order: str) -> tuple[str, bool]:
    name, dot, direction = order.rpartition(".")
    if not dot or direction not in {"asc", "desc"}:
        name, direction = order, "asc"
    if name and table.column(name) is None:
        raise QueryError(f"There is no column {name!r} to order by.")
    return name, direction == "desc"


def _conditions(table: Table, query: Query) -> list[sql.Composable]:
    conditions = [_filter(table, text) for text in query.filters]
    if query.search:
        pattern = sql.Literal(like(query.search))
        matches = [
            sql.SQL("{}::text ilike {}").format(_column(column.name), pattern)
            for column in table.columns
        ]
        if matches:
            conditions.append(sql.SQL("({})").format(sql.SQL(" or ").join(matches)))
    return conditions


def _filter(table: Table, text: str) -> sql.Composable:
    for column in sorted(table.columns, key=lambda each: -len(each.name)):  # names may have dots
        if text.startswith(column.name + "."):
            operator, _, value = text[len(column.name) + 1 :].partition(".")
            return _condition(_column(column.name), operator, value)
    raise QueryError(f"The filter {text!r} names no column: write column.operator.value")


def _condition(column: sql.Identifier, operator: str, value: str) -> sql.Composable:
    if operator in _COMPARISONS:
        return sql.SQL("{} {} {}").format(column, _COMPARISONS[operator], sql.Literal(value))
    if operator == "contains":
        return sql.SQL("{}::text ilike {}").format(column, sql.Literal(like(value)))
    if operator == "like":
        return sql.SQL("{}::text ilike {}").format(column, sql.Literal(value.replace("*", "%")))
    if operator == "in":
        values = sql.SQL(", ").join(map(sql.Literal, value.split(",")))
        return sql.SQL("{} in ({})").format(column, values)
    if operator == "is" and value in _IS:
        return sql.SQL("{} {}").format(column, _IS[value])
    known = ", ".join((*_COMPARISONS, "contains", "like", "in", "is"))
    raise QueryError(f"There is no operator {operator!r}: use one of {known}.")


def _after(
    names: Sequence[str], values: Sequence[Any], descending: bool, nullable: bool
) -> sql.Composable:
    """Return the condition of the rows behind a page's last one."""
    columns = [_column(name) for name in names]
    literals = [sql.Literal(value) for value in values]
    compare = sql.SQL("<") if descending else sql.SQL(">")
    if not nullable:
        return _compare(columns, compare, literals)
    first, rest = columns[0], _compare(columns[1:], compare, literals[1:])
    if values[0] is None:
        return sql.SQL("({} is null and {})").format(first, rest)
    behind = sql.SQL("({c} {op} {v} or ({c} = {v} and {rest}) or {c} is null)")
    return behind.format(c=first, op=compare, v=literals[0], rest=rest)


def _compare(
    columns: Sequence[sql.Composable], compare: sql.SQL, values: Sequence[sql.Composable]
) -> sql.Composable:
    comma = sql.SQL(", ")
    return sql.SQL("({}) {} ({})").format(comma.join(columns), compare, comma.join(values))


def _column(name: str) -> sql.Identifier:
    return sql.Identifier("t", name)


def _is_required(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and (column.not_null or name in table.key)


def _cut(name: str, characters: int) -> sql.Composable:
    cut = sql.SQL("left({}::text, {}) as {}")
    return cut.format(_column(name), sql.Literal(characters), sql.Identifier(name))


def _where(conditions: Sequence[sql.Composable]) -> sql.Composable:
    if not conditions:
        return sql.SQL("")
    return sql.SQL(" where {}").format(sql.SQL(" and ").join(conditions))


def _order(
    names: Sequence[str], direction: sql.Composable, *, nullable: bool = False
) -> sql.Composable:
    """Order so that an index serves it: the first column's nulls come last."""
    if not names:
        return sql.SQL("")
    ordered = [sql.SQL("{}{}").format(_column(name), direction) for name in names]
    if nullable:
        ordered[0] = sql.SQL("{} nulls last").format(ordered[0])
    return sql.SQL(" order by {}").format(sql.SQL(", ").join(ordered))
