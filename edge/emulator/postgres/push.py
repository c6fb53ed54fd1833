"""Apply pending migrations to a hosted project's database, or refuse if the histories disagree.

Follows `supabase db push` (supabase/cli, internal/db/push): a pending migration must not be older
than an applied one, and every applied one must exist in the folder.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import psycopg

from edge.emulator.postgres.migrations import Migration, apply_migration
from edge.emulator.postgres.script import parse_script, read_script, read_sql
from edge.errors import EdgeError

_HISTORY: Final = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text not null primary key
);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
"""
_LOCK: Final = "select pg_advisory_lock(hashtextextended('supabase_migrations', 0))"
_UNLOCK: Final = "select pg_advisory_unlock(hashtextextended('supabase_migrations', 0))"
_IS_KNOWN: Final = (
    "select from pg_catalog.pg_tables"
    " where schemaname = 'supabase_migrations' and tablename = 'schema_migrations'"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The migrations to apply, in order."""

    new: tuple[Migration, ...]


def plan_push(
    connection: psycopg.Connection, migrations: Sequence[Migration], *, include_all: bool = False
) -> Plan:
    """Compare the folder with the history; raises EdgeError if they disagree. No writes."""
    history = _history(connection)
    _refuse_unknown(history, migrations)
    _refuse_changed(history, migrations)
    new = [migration for migration in migrations if migration.version not in history]
    latest = max(history, default="")
    early = [migration for migration in new if migration.version < latest]
    if early and not include_all:
        raise EdgeError(
            "These are older than the last migration that the database has, and not applied:\n"
            + _list(migration.path.name for migration in early),
            cure="Give them a later version, or apply them all the same: --include-all",
        )
    return Plan(tuple(new))


def push(connection: psycopg.Connection, plan: Plan) -> Iterator[Migration]:
    """Apply each in one transaction and yield it; skips what a concurrent push applied.

    `connection` must be in autocommit mode.
    """
    if not plan.new:
        return
    connection.execute(_LOCK)
    try:
        connection.execute(_HISTORY)
        known = _history(connection)
        for migration in plan.new:
            if migration.version not in known:
                apply_migration(connection, migration, read_script(migration.path))
                yield migration
    finally:
        if not connection.closed:
            connection.execute(_UNLOCK)


def _history(connection: psycopg.Connection) -> dict[str, list[str] | None]:
    """Return the applied versions with their statements, None where not recorded."""
    if connection.execute(_IS_KNOWN).fetchone() is None:
        return {}
    rows = connection.execute(
        "select version, to_jsonb(history) -> 'statements'"
        " from supabase_migrations.schema_migrations history"
    )
    return {version: cast("list[str] | None", statements) for version, statements in rows}


def _refuse_unknown(history: dict[str, list[str] | None], migrations: Sequence[Migration]) -> None:
    unknown = sorted(set(history) - {migration.version for migration in migrations})
    if unknown:
        raise EdgeError(
            "The database has migrations that supabase/migrations has not:\n" + _list(unknown),
            cure="Fetch their files (git pull, supabase migration fetch), or take them out of the"
            " history: supabase migration repair --status reverted VERSION",
        )


def _refuse_changed(history: dict[str, list[str] | None], migrations: Sequence[Migration]) -> None:
    changed = [
        migration.path.name
        for migration in migrations
        if _is_changed(migration, history.get(migration.version))
    ]
    if changed:
        raise EdgeError(
            "These were changed after they had been applied:\n" + _list(changed),
            cure="Undo the change, and write what is new into a new migration.",
        )


def _is_changed(migration: Migration, statements: list[str] | None) -> bool:
    """Compare with the recorded statements, or with the whole text that older versions recorded."""
    if not statements:
        return False
    text = read_sql(migration.path)
    split = [statement.text for statement in parse_script(migration.path, text).statements]
    return _bare(statements) not in {_bare([text]), _bare(split)}


def _bare(statements: Iterable[str]) -> str:
    """Return the text without spaces and semicolons: the Supabase CLI may split otherwise."""
    return "".join("".join(statements).replace(";", " ").split())


def _list(names: Iterable[str]) -> str:
    return "\n".join(f"  {name}" for name in names)
