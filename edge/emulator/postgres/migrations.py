"""The migrations of a project, by the Supabase CLI's rules, and their history in a database.

The history table is the Supabase CLI's (supabase/cli, pkg/migration), so that `supabase db push`
and `edge start` agree on what has been applied.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from edge.emulator.postgres.execute import StatementError, execute_script
from edge.emulator.postgres.script import Script, read_script
from edge.errors import EdgeError

_NAME: Final = re.compile(r"^(?P<version>[0-9]+)_(?P<name>.*)\.sql$", re.DOTALL)
_OLD_INIT: Final = re.compile(r"^([0-9]{14})_init\.sql$")
_FIRST_INIT: Final = 20211209000000
"""Older `…_init.sql` files are dumps of the platform's own schemas, which the CLI skips."""
_MOST_RECORDED: Final = 4 << 20
"""Characters of a file whose statements are written into the history."""
_BOOTSTRAP = Path(__file__).with_name("bootstrap")
_AUTH_ALONE = (
    Path(__file__).with_name("auth_alone.sql"),
    *sorted(_BOOTSTRAP.glob("2*_auth*.sql")),
)
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
    """Return the folder's migrations in the order of their names."""
    return list_migrations(folder)[0]


def list_migrations(folder: Path) -> tuple[list[Migration], list[Path]]:
    """Return the migrations, and the SQL files that the Supabase CLI skips as well."""
    found: list[Migration] = []
    skipped: list[Path] = []
    files = sorted(path for path in folder.glob("*") if path.is_file())
    for position, path in enumerate(files):
        match = _NAME.match(path.name)
        if match is None:
            if path.suffix == ".sql":
                skipped.append(path)
            continue
        old = _OLD_INIT.match(path.name)
        if position == 0 and old and int(old[1]) < _FIRST_INIT:
            skipped.append(path)
            continue
        found.append(Migration(match["version"], match["name"], path))
    return found, skipped


def bootstrap(dsn: str) -> None:
    """Create a Supabase project's initial roles, schemas and grants; idempotent.

    Runs bootstrap/*.sql as the superuser, in the order of their names; nothing if the database has
    had the same files before.
    """
    texts = [path.read_text() for path in sorted(_BOOTSTRAP.glob("*.sql"))]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    with psycopg.connect(dsn, autocommit=True) as connection:
        if _is_bootstrapped(connection, digest):
            return
        name = connection.info.dbname.replace('"', '""')
        for text in texts:
            connection.execute(text.replace(':"database"', f'"{name}"').encode())
        connection.execute(_HISTORY)
        connection.execute("create table if not exists edge_internal.bootstrap (digest text)")
        connection.execute("truncate edge_internal.bootstrap")
        connection.execute("insert into edge_internal.bootstrap values (%s)", (digest,))


def bootstrap_auth(dsn: str) -> None:
    """Create schema auth, and the roles that it names, in a database that is not ours.

    `dsn` names a superuser. Raises psycopg.Error.
    """
    with psycopg.connect(dsn) as connection:
        for path in _AUTH_ALONE:
            connection.execute(path.read_bytes())


def _is_bootstrapped(connection: psycopg.Connection, digest: str) -> bool:
    known = "select to_regclass('edge_internal.bootstrap') is not null"
    if connection.execute(known).fetchone() != (True,):
        return False
    found = connection.execute("select digest from edge_internal.bootstrap").fetchone()
    return found == (digest,)


def is_initial_role(name: str) -> bool:
    """Whether bootstrap/*.sql names the role, so that it is not one of the project's own."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(word.search(path.read_text()) for path in _BOOTSTRAP.glob("*.sql"))


def migrate(dsn: str, migrations: Iterable[Migration]) -> list[Migration]:
    """Apply the pending migrations, each in one transaction, and return them.

    `dsn` logs in as `postgres`, not a superuser, as on a hosted project. Raises EdgeError with the
    statement that failed.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        known = applied_versions(connection)
        new = [migration for migration in migrations if migration.version not in known]
        for migration in new:
            apply_migration(connection, migration, read_script(migration.path))
        return new


def applied_versions(connection: psycopg.Connection) -> set[str]:
    """Return the versions in the database's history."""
    rows = connection.execute("select version from supabase_migrations.schema_migrations")
    return {version for (version,) in rows}


def apply_migration(connection: psycopg.Connection, migration: Migration, script: Script) -> None:
    """Execute the file and record it, in one transaction. Raises StatementFailedError."""
    try:
        execute_script(connection, script, lambda: record(connection, migration, script))
    except StatementError as exc:
        raise StatementFailedError(exc) from exc


def record(connection: psycopg.Connection, migration: Migration, script: Script) -> bool:
    """Add the migration to the history; False if its version is there."""
    statements = [statement.text for statement in script.statements]
    added = connection.execute(
        "insert into supabase_migrations.schema_migrations (version, statements, name)"
        " values (%s, %s, %s) on conflict (version) do nothing",
        (
            migration.version,
            statements if len(script.text) <= _MOST_RECORDED else None,
            migration.name,
        ),
    )
    return added.rowcount == 1


class StatementFailedError(EdgeError):
    """A statement of a file failed; names the file, its line and what the server says."""

    def __init__(self, failure: StatementError) -> None:
        diagnostic = failure.error.diag
        message = diagnostic.message_primary or str(failure.error)
        lines = [f"{failure.script.path}:{failure.line}: {message} ({failure.error.sqlstate})"]
        lines += [f"    {_line_of(failure.script, failure.line)}"]
        lines += [f"  Hint: {hint}" for hint in (diagnostic.message_hint,) if hint]
        super().__init__("\n".join(lines), cure="Nothing of this file was applied.")
        self.failure = failure


def _line_of(script: Script, line: int) -> str:
    lines = script.text.splitlines()
    return lines[line - 1].strip()[:200] if line <= len(lines) else ""
