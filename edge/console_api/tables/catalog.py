"""What the database's tables and views are: columns, keys, references, policies, sizes."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from edge.emulator.postgres.pool import Connection

_COUNTED: Final = 10_000

_SHOWN: Final = """\
n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'edge_internal')"""
# Schemas that every project has, shown after its own.
_PLATFORM: Final = """\
('auth', 'storage', 'realtime', '_realtime', 'supabase_functions', 'extensions', 'vault', 'cron',
 'net', 'pgsodium', 'pgtle', 'graphql', 'graphql_public', 'supabase_migrations', 'edge_console')"""
_LIST: Final = f"""
select n.nspname as schema, c.relname as name,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
    when 'f' then 'foreign table' else 'table' end as kind,
  case when c.relkind in ('v', 'f') then null
    else coalesce(nullif(c.reltuples, -1)::int8, pg_stat_get_live_tuples(c.oid)) end as estimate,
  case when c.relkind in ('v', 'f') then null else pg_total_relation_size(c.oid) end as bytes,
  c.relrowsecurity as rls,
  (select count(*) from pg_policy p where p.polrelid = c.oid)::int as policies,
  n.nspname in {_PLATFORM} as is_platform, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and {_SHOWN}
order by is_platform, n.nspname <> 'public', n.nspname, c.relname limit 5000"""  # noqa: S608 - constants of this file
_COLUMNS: Final = """
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
  pg_get_expr(d.adbin, d.adrelid) as "default",
  a.attidentity = 'a' or a.attgenerated <> '' as generated,
  (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
    where e.enumtypid = a.atttypid) as choices,
  col_description(a.attrelid, a.attnum) as comment
from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum"""
_KEYS: Final = """
select c.conname as name, c.contype::text as kind,
  (select array_agg(a.attname order by k.n) from unnest(c.conkey) with ordinality k(attnum, n)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum) as columns,
  rn.nspname as to_schema, r.relname as to_table,
  (select array_agg(a.attname order by k.n) from unnest(c.confkey) with ordinality k(attnum, n)
    join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum) as to_columns
from pg_constraint c left join pg_class r on r.oid = c.confrelid
  left join pg_namespace rn on rn.oid = r.relnamespace
where c.conrelid = $1 and c.contype in ('p', 'f', 'u') order by c.contype, c.conname"""
_REFERRING: Final = """
select n.nspname as schema, t.relname as "table",
  (select array_agg(a.attname order by k.n) from unnest(c.conkey) with ordinality k(attnum, n)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum) as columns,
  (select array_agg(a.attname order by k.n) from unnest(c.confkey) with ordinality k(attnum, n)
    join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum) as to_columns
from pg_constraint c join pg_class t on t.oid = c.conrelid
  join pg_namespace n on n.oid = t.relnamespace
where c.confrelid = $1 and c.contype = 'f' order by n.nspname, t.relname limit 200"""
_POLICIES: Final = """
select policyname as name, cmd as command, permissive = 'PERMISSIVE' as permissive, roles::text[],
  qual as using, with_check as "check"
from pg_policies where schemaname = $1 and tablename = $2 order by policyname"""
_FIND: Final = f"""
select c.oid::int8 as oid, c.relkind::text as relkind, c.relrowsecurity as rls,
  case when c.reltuples < 0 then null else c.reltuples::int8 end as estimate
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and {_SHOWN}"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `generated` ones take no value."""

    name: str
    type: str
    not_null: bool
    default: str | None
    generated: bool
    choices: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view; `key` names the columns of its primary key, `has_ctid` a plain table."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    has_ctid: bool
    details: dict[str, Any]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


async def list_tables(connection: Connection) -> list[dict[str, Any]]:
    """Return the tables and views, the project's own first."""
    return await (await connection.execute(_LIST)).fetchall()


async def find_table(connection: Connection, schema: str, name: str) -> Table | None:
    """Return a table by its names; None if there is none, or if it is the server's own."""
    found = await (await connection.execute(_FIND, (schema, name))).fetchone()
    if found is None:
        return None
    oid = found["oid"]
    columns = await (await connection.execute(_COLUMNS, (oid,))).fetchall()
    keys = await (await connection.execute(_KEYS, (oid,))).fetchall()
    referring = await (await connection.execute(_REFERRING, (oid,))).fetchall()
    policies = await (await connection.execute(_POLICIES, (schema, name))).fetchall()
    key = next((tuple(each["columns"]) for each in keys if each["kind"] == "p"), ())
    details = {
        "count": await _count(connection, schema, name) if found["relkind"] in "rp" else None,
        "estimate": found["estimate"],
        "rls": found["rls"],
        "key": list(key),
        "unique": [each["columns"] for each in keys if each["kind"] == "u"],
        "references": [_reference(each) for each in keys if each["kind"] == "f"],
        "referenced_by": referring,
        "policies": policies,
        "is_editable": bool(key) or found["relkind"] == "r",
    }
    return Table(
        schema,
        name,
        tuple(map(_column, columns)),
        key,
        found["relkind"] == "r",
        details,
    )


async def _count(connection: Connection, schema: str, name: str) -> int | None:
    """Count the rows of a small table; None for more."""
    few = sql.SQL("select count(*) as n from (select from {} limit {}) t").format(
        sql.Identifier(schema, name), _COUNTED + 1
    )
    row = await (await connection.execute(few)).fetchone()
    return row["n"] if row and row["n"] <= _COUNTED else None


def _column(row: dict[str, Any]) -> Column:
    return Column(
        row["name"],
        row["type"],
        row["not_null"],
        row["default"],
        row["generated"],
        tuple(row["choices"] or ()),
        row["comment"],
    )


def _reference(key: dict[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in ("columns", "to_schema", "to_table", "to_columns")}
