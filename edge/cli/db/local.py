"""Local database of `edge db`: find psql, apply or check migrations, recreate the database."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from edge.cli.running import project_lock, require_database, require_running, state_dir
from edge.emulator.postgres import install
from edge.emulator.postgres.blockers import Blocker
from edge.emulator.postgres.cluster import SUPERUSER, Cluster
from edge.emulator.postgres.local_database import plan_schema
from edge.emulator.postgres.migrations import bootstrap, is_initial_role
from edge.emulator.postgres.project_schema import Outcome, apply_plan, check_plan
from edge.errors import EdgeError
from edge.project.settings import load_settings

_DATABASE: Final = "postgres"
_SCRATCH: Final = "edge_check"


def find_psql() -> Path:
    """Return the path of the psql that comes with the embedded Postgres."""
    return install.binaries() / "psql"


def apply_new(workdir: Path, dsn: str, *, keep_going: bool = False) -> Outcome:
    """Apply new migrations and seeds. Raises EdgeError if the database cannot be reached."""
    plan = plan_schema(load_settings(workdir))
    try:
        return apply_plan(dsn, plan, keep_going=keep_going)
    except psycopg.OperationalError as exc:
        raise EdgeError(f"The stack's database cannot be reached: {exc}") from exc


def check_all(workdir: Path) -> list[Blocker]:
    """Try every migration in a scratch database, and return what fails."""
    plan = plan_schema(load_settings(workdir))
    with use_server(workdir) as server:
        create_scratch(server, _SCRATCH)
        try:
            return check_plan(server.dsn(_SCRATCH, user="postgres"), plan)
        finally:
            server.drop_database(_SCRATCH)


def create_scratch(server: Cluster, name: str) -> str:
    """Create a database with the platform's schemas; returns the superuser's DSN."""
    server.drop_database(name)
    admin = server.create_database(name)
    bootstrap(admin)
    with psycopg.connect(admin, autocommit=True) as connection:
        # Migrations may say `alter database postgres set …`, wherever they are tried.
        owner = sql.SQL("alter database {} owner to postgres")
        connection.execute(owner.format(sql.Identifier(_DATABASE)))
    return admin


def recreate(workdir: Path, *, keep_going: bool = False) -> Outcome:
    """Drop and recreate the database, then apply everything.

    Without a running stack the whole server is made anew, and stopped afterwards.
    """
    with use_server(workdir, anew=True) as server:
        if server.pid is None:  # it is the running stack's
            _drop_everything(server)
        bootstrap(server.dsn())
        return apply_new(workdir, server.dsn(user="postgres"), keep_going=keep_going)


@contextmanager
def use_server(workdir: Path, *, anew: bool = False) -> Generator[Cluster]:
    """Yield the running stack's server, or one that is started for the time being.

    With `anew` the latter begins without data.
    """
    if project_lock(workdir).holder() is not None:
        port = urlsplit(require_database(require_running(workdir))).port
        yield Cluster(state_dir(workdir) / "postgres", port=port or 5432)
        return
    lock = project_lock(workdir)
    lock.acquire()
    server = Cluster(state_dir(workdir) / "postgres")
    try:
        if anew:
            shutil.rmtree(server.data_dir, ignore_errors=True)
        server.start()
        yield server
    finally:
        server.stop()
        lock.release()


def _drop_everything(server: Cluster) -> None:
    """Drop the database, and the roles that the project has made: they belong to the server."""
    with psycopg.connect(server.dsn("template1"), autocommit=True) as connection:
        name = sql.Identifier(_DATABASE)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {}").format(name))
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        rows = connection.execute("select rolname from pg_roles where rolname !~ '^pg_'")
        for (role,) in rows.fetchall():
            if role == SUPERUSER:
                continue
            change = "alter role {} reset all" if is_initial_role(role) else "drop role {}"
            with suppress(psycopg.errors.DependentObjectsStillExist):
                connection.execute(sql.SQL(change).format(sql.Identifier(role)))
