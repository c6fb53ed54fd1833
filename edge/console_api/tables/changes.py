"""Statements that add, change and delete one row. Pure."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from edge.console_api.tables.catalog import Table
from edge.console_api.tables.query import QueryError

_CTID = "ctid"


def build_insert(table: Table, values: Mapping[str, Any]) -> str:
    """Build the statement that adds a row. Raises QueryError."""
    _check(table, values)
    target = sql.Identifier(table.schema, table.name)
    if not values:
        return sql.SQL("insert into {} default values returning *").format(target).as_string()
    text = sql.SQL("insert into {} ({}) values ({}) returning *").format(
        target,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Literal, values.values())),
    )
    return text.as_string()


def build_update(
    table: Table, key: Mapping[str, Any], values: Mapping[str, Any], was: Mapping[str, Any]
) -> str:
    """Build the statement that changes a row, if its values are still `was`. Raises QueryError."""
    _check(table, values)
    _check(table, was)
    if not values:
        raise QueryError("Name the columns to change in `values`.")
    sets = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in values.items()
    ]
    text = sql.SQL("update {} set {} where {} returning *").format(
        sql.Identifier(table.schema, table.name),
        sql.SQL(", ").join(sets),
        _matches(table, key, was),
    )
    return text.as_string()


def build_delete(table: Table, key: Mapping[str, Any]) -> str:
    """Build the statement that deletes a row. Raises QueryError."""
    text = sql.SQL("delete from {} where {} returning *").format(
        sql.Identifier(table.schema, table.name), _matches(table, key, {})
    )
    return text.as_string()


def _matches(table: Table, key: Mapping[str, Any], was: Mapping[str, Any]) -> sql.Composable:
    names = table.key or ((_CTID,) if table.has_ctid else ())
    if not names or set(key) != set(names):
        wanted = ", ".join(names) or "a table with a primary key"
        raise QueryError(f"One row is named by its whole key: {wanted}.")
    parts = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(_scalar(key[name])))
        for name in names
    ]
    parts += [
        sql.SQL("{}::text is not distinct from {}").format(
            sql.Identifier(name), sql.Literal(_scalar(value))
        )
        for name, value in was.items()
    ]
    return sql.SQL(" and ").join(parts)


def _check(table: Table, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if table.column(name) is None:
            raise QueryError(f"There is no column {name!r}.")
        _scalar(value)


def _scalar(value: Any) -> Any:
    if value is not None and not isinstance(value, str | int | float | bool):
        raise QueryError("Write values as text, as Postgres reads them, or null.")
    return value
