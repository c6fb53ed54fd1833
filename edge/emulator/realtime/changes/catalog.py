"""What changes need to know of tables and roles, asked of Postgres and kept for a moment."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from edge.emulator.postgres.pool import Connection, Pool
from edge.emulator.realtime.changes.pgoutput import quote_names
from edge.emulator.realtime.changes.subscription import Filter, Subscription, SubscriptionError

_RIGHTS_SECONDS: Final = 5.0
_COLUMNS: Final = """
select a.attname as name, t.typname as type_name, format_type(a.atttypid, a.atttypmod) as type,
  a.atttypid::bigint as type_oid, coalesce(a.attnum = any(i.indkey), false) as is_key,
  c.relrowsecurity as has_rls
from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
where c.oid = $1 order by a.attnum"""
_RIGHTS: Final = """
select coalesce((
    select rolbypassrls or rolsuper from pg_catalog.pg_roles where rolname = $2::name
  ), false) as bypasses,
  array(select a.attname::text from pg_catalog.pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
      and has_column_privilege($2, $1::oid, a.attnum, 'select')) as readable"""
_PUBLISHED: Final = """
select p.schemaname || '.' || p.tablename as name,
  (quote_ident(p.schemaname) || '.' || quote_ident(p.tablename))::regclass::oid::bigint as oid
from pg_catalog.pg_publication_tables p
where p.pubname = 'supabase_realtime'
  and $1::text in ('*', p.schemaname::text) and $2::text in ('*', p.tablename::text) limit 1"""
_VISIBLE: Final = "select edge_internal.visible_to($1, $2, $3) as visible"
_TEXT_OPERATORS: Final = frozenset({"like", "ilike", "match", "imatch"})
SQL_OPERATORS: Final = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "isdistinct": "is distinct from",
}
_TEXT_TYPES: Final = frozenset({"text", "varchar", "bpchar", "char", "name", "citext"})


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column; `type` as SQL writes it, `type_name` as pg_type has it."""

    name: str
    type_name: str
    type: str
    type_oid: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns; the key is the primary key's."""

    oid: int
    schema: str
    name: str
    columns: tuple[TableColumn, ...]
    has_rls: bool

    @property
    def key(self) -> tuple[TableColumn, ...]:
        return tuple(column for column in self.columns if column.is_key)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do: pass row-level security, read columns."""

    bypasses_rls: bool
    readable: frozenset[str]


def quote(value: str) -> str:
    """Return a literal, whatever standard_conforming_strings says."""
    escaped = value.replace("'", "''")
    return f" E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in value else f"'{escaped}'"


@dataclass(slots=True)
class Catalog:
    """Questions about tables, asked as the superuser."""

    pool: Pool
    _tables: dict[int, Table] = field(default_factory=dict[int, Table], init=False)
    _rights: dict[tuple[int, str], tuple[float, Rights]] = field(
        default_factory=dict[tuple[int, str], "tuple[float, Rights]"], init=False
    )

    def forget(self, oid: int) -> None:
        """Drop what is known of a table that has changed."""
        self._tables.pop(oid, None)
        for key in [key for key in self._rights if key[0] == oid]:
            del self._rights[key]

    async def table(self, oid: int, schema: str, name: str) -> Table:
        known = self._tables.get(oid)
        if known is None:
            async with self.pool.connection() as connection:
                rows = await _fetch(connection, _COLUMNS, oid)
            columns = tuple(
                TableColumn(
                    row["name"], row["type_name"], row["type"], row["type_oid"], row["is_key"]
                )
                for row in rows
            )
            has_rls = bool(rows and rows[0]["has_rls"])
            known = self._tables[oid] = Table(oid, schema, name, columns, has_rls)
        return known

    async def rights(self, table: Table, role: str) -> Rights:
        until, known = self._rights.get((table.oid, role), (0.0, None))
        if known is None or until < time.monotonic():
            async with self.pool.connection() as connection:
                rows = await _fetch(connection, _RIGHTS, table.oid, role)
            known = Rights(rows[0]["bypasses"], frozenset(rows[0]["readable"]))
            self._rights[table.oid, role] = time.monotonic() + _RIGHTS_SECONDS, known
        return known

    async def visible_to(
        self, table: Table, key: Sequence[str], identities: Sequence[tuple[str, str]]
    ) -> list[bool]:
        """Return for each role and claims whether the row with this key can be selected."""
        conditions = " and ".join(
            f"{quote_names([column.name])} = {quote(value)}::{column.type}"
            for column, value in zip(table.key, key, strict=True)
        )
        name = f"{quote_names([table.schema])}.{quote_names([table.name])}"
        statement = f"select exists (select 1 from {name} where {conditions})"  # noqa: S608
        roles, claims = [role for role, _ in identities], [text for _, text in identities]
        async with self.pool.connection() as connection, connection.transaction():
            rows = await _fetch(connection, _VISIBLE, statement, roles, claims)
        return rows[0]["visible"]

    async def evaluate(self, expressions: Sequence[str]) -> list[bool]:
        """Evaluate conditions on literals; what is null or cannot be evaluated is False."""
        try:
            return await self._evaluate(expressions)
        except psycopg.Error:
            if len(expressions) == 1:
                return [False]
        return [(await self.evaluate([each]))[0] for each in expressions]

    async def to_json(self, values: Sequence[tuple[str, str]]) -> list[str]:
        """Convert texts to JSON as values of types: (type, text)."""
        parts = [
            f"to_jsonb({quote(text)}::{type_})::text as v{number}"
            for number, (type_, text) in enumerate(values)
        ]
        async with self.pool.connection() as connection:
            rows = await _fetch(connection, "select " + ", ".join(parts))
        return [rows[0][f"v{number}"] for number in range(len(values))]

    async def check(self, subscription: Subscription) -> None:
        """Raise SubscriptionError for tables that are not published, and for invalid filters."""
        async with self.pool.connection() as connection:
            rows = await _fetch(connection, _PUBLISHED, subscription.schema, subscription.table)
        start = "Unable to subscribe to changes with given parameters. "
        if not rows:
            raise SubscriptionError(
                f"{start}Please check Realtime is enabled for the given connect parameters:"
                f" {subscription.describe()}"
            )
        if subscription.table == "*" or not (subscription.filters or subscription.select):
            return
        table = await self.table(rows[0]["oid"], subscription.schema, subscription.table)
        fault = await self._find_fault(table, subscription)
        if fault:
            raise SubscriptionError(
                f"{start}An exception happened so please check your connect parameters:"
                f" {subscription.describe()}. Exception: ERROR P0001 (raise_exception) {fault}"
            )

    async def _find_fault(self, table: Table, subscription: Subscription) -> str | None:
        types = {column.name: column for column in table.columns}
        for name in subscription.select or ():
            if name not in types:
                return f"invalid column for select {name}"
        for each in subscription.filters:
            column = types.get(each.column)
            if column is None:
                return f"invalid column for filter {each.column}"
            if each.operator in _TEXT_OPERATORS and column.type_name not in _TEXT_TYPES:
                return (
                    f"operator {each.operator} requires a text-compatible column type, got"
                    f" {column.type}"
                )
            try:
                await self._evaluate([render_condition(each, column, None)])
            except psycopg.Error as exc:
                return exc.diag.message_primary or str(exc)
        return None

    async def _evaluate(self, expressions: Sequence[str]) -> list[bool]:
        parts = [f"({each}) as v{number}" for number, each in enumerate(expressions)]
        async with self.pool.connection() as connection:
            rows = await _fetch(connection, "select " + ", ".join(parts))
        return [rows[0][f"v{number}"] is True for number in range(len(expressions))]


def render_condition(condition: Filter, column: TableColumn, value: str | None) -> str:
    """Return a filter as SQL on a literal value."""
    literal = "null" if value is None else quote(value)
    left = f"{literal}::{column.type}"
    match condition.operator:
        case "in":
            members = ", ".join(f"{quote(each)}::{column.type}" for each in condition.values)
            text = f"{left} in ({members or 'null'})"
        case "is":
            text = f"{left} is {condition.value.lower()}"
        case operator if operator in _TEXT_OPERATORS:
            text = f"{left} {SQL_OPERATORS[operator]} {quote(condition.value)}"
        case operator:
            text = f"{left} {SQL_OPERATORS[operator]} {quote(condition.value)}::{column.type}"
    return f"not ({text})" if condition.is_negated else text


async def _fetch(connection: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    return await (await connection.execute(query.encode(), values or None)).fetchall()
