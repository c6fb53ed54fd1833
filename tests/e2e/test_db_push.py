"""`edge db push` against a second Postgres in the role of the hosted project."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.cli_process import edge

pytestmark = [pytest.mark.e2e, pytest.mark.process]
Push = Callable[..., CompletedProcess[str]]


@pytest.fixture
def hosted(cluster: Cluster, database: str) -> str:
    """Clear the migration history, which has this repository's migrations."""
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute("drop schema supabase_migrations cascade")
        connection.execute(f"grant all on database {database} to postgres")
    return cluster.dsn(database, user="postgres")


@pytest.fixture
def push(tmp_path: Path, hosted: str) -> Push:
    (tmp_path / "supabase/migrations").mkdir(parents=True)

    def call(*arguments: str, url: str = hosted) -> CompletedProcess[str]:
        return edge(tmp_path, "db", "push", "--db-url", url, *arguments)

    return call


def write(tmp_path: Path, version: int, name: str, text: str) -> str:
    file = tmp_path / f"supabase/migrations/{version:014d}_{name}.sql"
    file.write_text(text)
    return file.name


def history(dsn: str) -> list[tuple[str, str]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "select version, name from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def test_new_migrations_are_applied_and_recorded_once(
    push: Push, hosted: str, tmp_path: Path
) -> None:
    first = write(tmp_path, 20990101000000, "create_one", "create table one (id int);")
    second = write(tmp_path, 20990101000001, "fill_one", "insert into one values (1);")

    dry = push("--dry-run", "-o", "json")
    unasked = push()
    done = push("--yes", "-o", "json")
    again = push("--yes")

    assert json.loads(dry.stdout) == {"would_apply": [first, second]}
    assert unasked.returncode != 0
    assert json.loads(done.stdout) == {"applied": [first, second]}
    assert (again.returncode, "nothing new" in again.stderr + again.stdout) == (0, True)
    assert history(hosted) == [
        ("20990101000000", "create_one"),
        ("20990101000001", "fill_one"),
    ]


def test_a_failing_migration_is_rolled_back_and_the_progress_is_reported(
    push: Push, hosted: str, tmp_path: Path
) -> None:
    good = write(tmp_path, 20990101000000, "create_one", "create table one (id int);")
    write(tmp_path, 20990101000001, "fail", "create table two (id int);\nselect nonsense;")
    last = write(tmp_path, 20990101000002, "create_three", "create table three (id int);")

    failed = push("--yes")

    assert failed.returncode != 0
    assert "fail.sql:2" in failed.stderr
    assert f"applied before it: {good}" in failed.stderr
    assert f"not tried: {last}" in failed.stderr
    assert history(hosted) == [("20990101000000", "create_one")]
    with psycopg.connect(hosted) as connection:
        assert connection.execute("select to_regclass('two')").fetchone() == (None,)


def test_a_migration_that_only_the_database_has_is_refused(
    push: Push, hosted: str, tmp_path: Path
) -> None:
    file = write(tmp_path, 20990101000000, "create_one", "create table one (id int);")
    assert push("--yes").returncode == 0
    (tmp_path / "supabase/migrations" / file).unlink()
    write(tmp_path, 20990101000001, "create_two", "create table two (id int);")

    refused = push("--yes")

    assert refused.returncode != 0
    assert "20990101000000" in refused.stderr
    assert history(hosted) == [("20990101000000", "create_one")]


def test_a_migration_changed_after_it_was_applied_is_refused(push: Push, tmp_path: Path) -> None:
    write(tmp_path, 20990101000000, "create_one", "create table one (id int);")
    assert push("--yes").returncode == 0
    write(tmp_path, 20990101000000, "create_one", "create table one (id bigint);")

    assert "changed after" in push("--yes").stderr


def test_a_migration_older_than_the_last_needs_include_all(
    push: Push, hosted: str, tmp_path: Path
) -> None:
    write(tmp_path, 20990101000001, "create_two", "create table two (id int);")
    assert push("--yes").returncode == 0
    early = write(tmp_path, 20990101000000, "create_one", "create table one (id int);")

    refused, agreed = push("--yes"), push("--yes", "--include-all")

    assert (refused.returncode != 0, early in refused.stderr) == (True, True)
    assert agreed.returncode == 0
    assert len(history(hosted)) == 2


def test_a_history_of_the_supabase_cli_is_read(push: Push, hosted: str, tmp_path: Path) -> None:
    with psycopg.connect(hosted, autocommit=True) as connection:
        connection.execute("create schema supabase_migrations")
        connection.execute(
            "create table supabase_migrations.schema_migrations (version text primary key)"
        )
        connection.execute(
            "insert into supabase_migrations.schema_migrations values ('20990101000000')"
        )
    write(tmp_path, 20990101000000, "create_one", "create table one (id int);")
    second = write(tmp_path, 20990101000001, "create_two", "create table two (id int);")

    assert json.loads(push("--yes", "-o", "json").stdout) == {"applied": [second]}


def test_two_pushes_at_once_apply_everything_once(push: Push, hosted: str, tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path, 20990101000000 + number, f"create_{number}", f"create table t{number} ();")

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda _: push("--yes", "-o", "json"), range(2)))

    assert [result.returncode for result in results] == [0, 0], results
    applied = [name for result in results for name in json.loads(result.stdout)["applied"]]
    assert len(applied) == len(set(applied)) == len(history(hosted)) == 5


@pytest.mark.parametrize("url", ["nonsense", "postgresql://nobody@127.0.0.1:1/none"])
def test_an_unreachable_database_is_reported_without_a_traceback(
    push: Push, tmp_path: Path, url: str
) -> None:
    failed = push("--yes", url=url)

    assert failed.returncode != 0
    assert "Traceback" not in failed.stderr
    assert "--db-url" in failed.stderr


def test_the_schema_of_a_hosted_project_is_pulled(hosted: str, tmp_path: Path) -> None:
    (tmp_path / "supabase").mkdir()

    first = edge(tmp_path, "db", "pull", "--db-url", hosted)
    second = edge(tmp_path, "db", "pull", "--db-url", hosted)

    [migration] = (tmp_path / "supabase/migrations").glob("*_remote_schema.sql")
    text = migration.read_text()
    assert first.returncode == 0, first.stderr
    assert 'CREATE TABLE "public"."videos"' in text
    assert 'CREATE TABLE "auth"."users"' not in text
    assert "\n\\restrict" not in text
    assert "remote_schema.sql" in second.stderr
    assert (tmp_path / "supabase/remote_schema.sql").read_text()
