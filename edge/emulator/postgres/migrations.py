"""Create the project's schema in a database: bootstrap, migrations with history, seed.

The history table is the Supabase CLI's (supabase/cli, pkg/migration), so that `supabase db push`
and `edge start` agree on what has been applied.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from edge.errors import EdgeError

_NAME = re.compile(r"^(?P<version>\d{14})_(?P<name>\w+)\.sql$")
_BOOTSTRAP = Path(__file__).with_name("bootstrap")
_HISTORY = """
create schema if not exists supabase_migrations authorization postgres;
create table if not exists supabase_migrations.schema_migrations (
  version text not null primary key, statements text[], name text
);
alter table supabase_migrations.schema_migrations owner to postgres;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of supabase/migrations."""

    version: str
    name: str
    path: Path


def find_migrations(folder: Path) -> list[Migration]:
    """Return the folder's migrations, oldest first; raises EdgeError for a misnamed file."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.match(path.name)
        if match is None:
            raise EdgeError(
                f"{path} is not named like a migration.",
                cure="Name it <YYYYMMDDHHMMSS>_<verb>_<noun>.sql",
            )
        found.append(Migration(match["version"], match["name"], path))
    return found


def bootstrap(dsn: str) -> None:
    """Create a Supabase project's initial roles, schemas and grants; idempotent.

    Runs bootstrap/*.sql as the superuser, in the order of their names.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        name = connection.info.dbname.replace('"', '""')
        for path in sorted(_BOOTSTRAP.glob("*.sql")):
            connection.execute(path.read_text().replace(':"database"', f'"{name}"').encode())
        connection.execute(_HISTORY)


def migrate(dsn: str, migrations: Iterable[Migration], seed: Path | None = None) -> list[Migration]:
    """Apply the pending migrations, each in one transaction, and return them.

    `dsn` logs in as `postgres`, not a superuser, as on a hosted project. The seed file runs once,
    after the first migrations.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        applied = _applied_versions(connection)
        new = [migration for migration in migrations if migration.version not in applied]
        for migration in new:
            _apply(connection, migration)
        if seed and new and not applied and seed.exists():
            run_file(connection, seed)
        return new


def _applied_versions(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute("select version from supabase_migrations.schema_migrations")
    return {version for (version,) in rows}


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        text = run_file(connection, migration.path)
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name)"
            " values (%s, %s, %s)",
            (migration.version, [text], migration.name),
        )


def run_file(connection: psycopg.Connection, path: Path) -> str:
    """Execute a SQL file and return its text; raises EdgeError with the failing line."""
    text = path.read_text()
    try:
        connection.execute(text.encode())
    except psycopg.Error as exc:
        raise EdgeError("\n".join(_explain(path, text, exc)), cure=_cure(exc)) from exc
    return text


def _explain(path: Path, text: str, error: psycopg.Error) -> Iterator[str]:
    position = error.diag.statement_position
    line = text.count("\n", 0, int(position) - 1) + 1 if position else None
    yield f"{path}{f':{line}' if line else ''}: {error.diag.message_primary or error}"
    if line:
        yield f"    {text.splitlines()[line - 1].strip()}"
    if error.diag.message_hint:
        yield f"  Hint: {error.diag.message_hint}"


def _cure(error: psycopg.Error) -> str | None:
    missing = re.match(r'extension "([^"]+)" is not available', error.diag.message_primary or "")
    if missing is None:
        return "Fix the file; nothing of it was applied. Then try again."
    return (
        'The local Postgres does not have it: `edge db psql -c "table pg_available_extensions"` '
        "lists those that it has. Guard the statement with "
        "`if exists (select from pg_available_extensions …)`, or do without it."
    )
