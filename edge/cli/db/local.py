"""Local database of `edge db`: find psql, apply migrations, recreate the database."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from edge.cli.running import project_lock, require_database, require_running, state_dir
from edge.emulator.postgres import install
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, find_migrations, migrate
from edge.errors import EdgeError

_DATABASE = "postgres"


def find_psql() -> Path:
    """Return the path of the psql that comes with the embedded Postgres."""
    return install.binaries() / "psql"


def apply_new(workdir: Path, dsn: str) -> list[str]:
    """Apply new migrations and return their file names."""
    supabase = workdir / "supabase"
    try:
        applied = migrate(dsn, find_migrations(supabase / "migrations"), supabase / "seed.sql")
    except psycopg.OperationalError as exc:
        raise EdgeError(f"The stack's database cannot be reached: {exc}") from exc
    return [migration.path.name for migration in applied]


def recreate(workdir: Path) -> list[str]:
    """Drop and recreate the database; return the file names of the migrations applied.

    Starts and stops the server if the stack does not run.
    """
    if project_lock(workdir).holder() is not None:
        port = urlsplit(require_database(require_running(workdir))).port
        return _recreate(workdir, Cluster(state_dir(workdir) / "postgres", port=port or 5432))
    lock = project_lock(workdir)
    lock.acquire()
    server = Cluster(state_dir(workdir) / "postgres")
    try:
        server.start()
        return _recreate(workdir, server)
    finally:
        server.stop()
        lock.release()


def _recreate(workdir: Path, server: Cluster) -> list[str]:
    with psycopg.connect(server.dsn("template1"), autocommit=True) as connection:
        name = sql.Identifier(_DATABASE)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {}").format(name))
    bootstrap(server.dsn())
    return apply_new(workdir, server.dsn(user="postgres"))
