"""Migrations by the Supabase CLI's rules: names, order, transactions, history, errors."""

from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import find_migrations, list_migrations, migrate
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


def apply(database: str, cluster: Cluster, folder: Path) -> list[str]:
    found = find_migrations(folder)
    return [m.path.name for m in migrate(cluster.dsn(database, user="postgres"), found)]


def query(cluster: Cluster, database: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.dsn(database)) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_a_failing_migration_takes_back_no_numbers(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    # Other clients of a hosted project have inserted rows meanwhile.
    write(
        tmp_path, "29990101000000_add.sql", "create table t (id int generated always as identity)"
    )
    apply(database, cluster, tmp_path)
    write(tmp_path, "29990101000001_bad.sql", "insert into t default values;\nselect nonsense;\n")

    with pytest.raises(EdgeError, match="nonsense"):
        apply(database, cluster, tmp_path)

    ((number,),) = query(cluster, database, "insert into t default values returning id")
    assert isinstance(number, int)
    assert number > 1


def test_names_are_the_cli_s(tmp_path: Path) -> None:
    names = [
        "001_init.sql",
        "20240101000001_add-profiles.sql",
        "20240101000002_v1.2_fix.sql",
        "20240101000003_add profiles.sql",
        "20240101_init.sql",
        "20240102_.sql",
    ]
    for name in [*names, "rollback_notes.sql", "2024-01-01_init.sql", "20240101.sql", "a.txt"]:
        write(tmp_path, name, "select 1")
    (tmp_path / "20250101000000_folder.sql").mkdir()

    found, skipped = list_migrations(tmp_path)

    assert [m.path.name for m in found] == sorted(names)
    assert (found[0].version, found[0].name) == ("001", "init")
    assert [path.name for path in skipped] == [
        "2024-01-01_init.sql",
        "20240101.sql",
        "rollback_notes.sql",
    ]


def test_an_init_of_the_first_cli_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, "20211101000000_init.sql", "select wrong")
    write(tmp_path, "20211101000001_init.sql", "select 1")

    found, skipped = list_migrations(tmp_path)

    assert [m.version for m in found] == ["20211101000001"]
    assert len(skipped) == 1


def test_two_files_of_one_version_are_both_applied(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    write(tmp_path, "29990101000000_a.sql", "create table twin_a ()")
    write(tmp_path, "29990101000000_b.sql", "create table twin_b ()")

    assert len(apply(database, cluster, tmp_path)) == 2
    assert apply(database, cluster, tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "create table t (id int);\nbegin;\ninsert into t values (1);\ncommit;\n",
        "begin; create table t (id int); insert into t values (1); commit;",
        "create table t (id int); insert into t values (1);\n"
        "create index concurrently t_id on t (id); vacuum t;",
        "create type mood as enum ('a'); alter type mood add value 'b';\n"
        "create table t (id int, m mood default 'b'); insert into t values (1);",
        "\\restrict x\ncreate table t (id int);\ncopy t (id) from stdin;\n1\n\\.\n\\unrestrict x\n",
        "\ufeffcreate table t (id int);\r\ninsert into t values (1);\r\n",
        "select pg_catalog.set_config('search_path', '', false);\n"
        "create table public.t (id int); insert into public.t values (1);",
    ],
)
def test_files_that_psql_takes_are_taken(
    cluster: Cluster, database: str, tmp_path: Path, text: str
) -> None:
    (tmp_path / "29990101000000_t.sql").write_bytes(text.encode())
    write(tmp_path, "29990101000001_next.sql", "insert into t values (2)")

    assert len(apply(database, cluster, tmp_path)) == 2
    assert query(cluster, database, "select id from t order by id") == [(1,), (2,)]


def test_the_history_has_the_statements_as_the_cli_splits_them(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    write(tmp_path, "29990101000000_t.sql", "create table t ();\n-- a note\nselect ';';\n")
    apply(database, cluster, tmp_path)

    rows = query(
        cluster,
        database,
        "select name, statements from supabase_migrations.schema_migrations"
        " where version = '29990101000000'",
    )
    assert rows == [("t", ["create table t ()", "-- a note\nselect ';'"])]


def test_migrations_run_without_superuser_rights(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.dsn(database, user="postgres")) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user")

        assert row.fetchone() == (False,)
