"""Migrations: applying, history, and the errors of a wrong file."""

from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import find_migrations, migrate
from edge.errors import EdgeError


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_each_migration_is_applied_once(cluster: Cluster, database: str, tmp_path: Path) -> None:
    write(tmp_path, "29990101000000_add_one.sql", "create table one (id int)")
    dsn = cluster.dsn(database, user="postgres")
    assert [m.name for m in migrate(dsn, find_migrations(tmp_path))] == ["add_one"]
    write(tmp_path, "29990101000001_add_two.sql", "create table two (id int)")

    assert [m.name for m in migrate(dsn, find_migrations(tmp_path))] == ["add_two"]


def test_a_failing_migration_leaves_nothing_and_names_its_line(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    write(tmp_path, "29990101000000_add_bad.sql", "create table bad (id int);\nselect nonsense;\n")
    dsn = cluster.dsn(database, user="postgres")

    with pytest.raises(EdgeError, match=r"add_bad\.sql:2: column \"nonsense\" does not exist"):
        migrate(dsn, find_migrations(tmp_path))

    with psycopg.connect(dsn) as connection:
        assert connection.execute("select to_regclass('bad')").fetchone() == (None,)


def test_a_missing_extension_is_explained(cluster: Cluster, database: str, tmp_path: Path) -> None:
    write(tmp_path, "29990101000000_add_postgis.sql", "create extension if not exists postgis")

    with pytest.raises(EdgeError, match="does not have it"):
        migrate(cluster.dsn(database, user="postgres"), find_migrations(tmp_path))


def test_migrations_run_without_superuser_rights(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.dsn(database, user="postgres")) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user")

        assert row.fetchone() == (False,)


def test_a_misnamed_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "first.sql", "select 1")

    with pytest.raises(EdgeError, match="not named like a migration"):
        find_migrations(tmp_path)
