"""`edge db diff` on the database of a running stack: prints, writes a migration, finds none."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import find_migrations, migrate
from edge.emulator.postgres.schema_dump import dump_schema
from edge.project.lock import Lock
from tests.conftest import PLATFORM_TEMPLATE, Copies, clone_database
from tests.support.cli_command import Edge, Outcome, run_edge


@pytest.fixture
def edge(
    tmp_path: Path,
    cluster: Cluster,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Edge]:
    """Run a command on a project whose stack seems to run on this test's database."""
    state = tmp_path / ".edge"
    state.mkdir()
    (state / "postgres").symlink_to(cluster.data_dir)
    lock = Lock(state / "lock")
    lock.acquire()
    url = f"postgresql://postgres@127.0.0.1:{cluster.port}/{database}"
    lock.write({"API_URL": "http://127.0.0.1:1", "DB_URL": url})

    def run(*arguments: str) -> Outcome:
        return run_edge(monkeypatch, capsys, *arguments, "--workdir", str(tmp_path))

    yield run
    lock.release()


def test_a_difference_becomes_a_migration(
    edge: Edge, tmp_path: Path, cluster: Cluster, database: str
) -> None:
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    (folder / "20260101000000_one.sql").write_text("create table one (id int)")
    local = cluster.dsn(database, user="postgres")
    migrate(local, find_migrations(folder))
    with psycopg.connect(local, autocommit=True) as connection:
        connection.execute("create table two (id int); create schema other")

    printed = edge("db", "diff", "--schema", "public, auth")
    written = edge("db", "diff", "-f", "two")
    nothing = edge("db", "diff")

    assert printed.out.count("CREATE ") == 1
    assert 'CREATE TABLE "public"."two"' in printed.out
    (file,) = folder.glob("*_two.sql")
    assert str(file) in written.err
    assert 'CREATE SCHEMA "other"' in file.read_text()
    assert (nothing.status, nothing.out) == (0, "")
    assert nothing.err.strip() == "No schema changes found."
    assert migrate(local, find_migrations(folder)) == []


def test_a_name_is_checked_first(edge: Edge) -> None:
    outcome = edge("db", "diff", "-f", "../x")

    assert (outcome.status, "cannot name a migration" in outcome.err) == (2, True)


def test_a_hosted_database_is_compared_and_left_alone(
    edge: Edge, tmp_path: Path, cluster: Cluster, copies: Copies
) -> None:
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    (folder / "20260101000000_one.sql").write_text("create table one (id int)")
    clone = clone_database(copies(PLATFORM_TEMPLATE))
    hosted = cluster.dsn(next(clone), user="postgres")
    with psycopg.connect(hosted, autocommit=True) as connection:
        connection.execute("create table one (id int, added text); create table two (id int)")
        connection.execute("create policy theirs on storage.objects for select using (true)")
    before = dump_schema(hosted, ["public", "storage"])

    printed = edge("db", "diff", "--db-url", hosted)
    only_public = edge("db", "diff", "--db-url", hosted, "-s", "public")
    written = edge("db", "diff", "--db-url", hosted, "-f", "hosted")
    refused = edge("db", "diff", "--linked")

    made = [line for line in printed.out.splitlines() if line.startswith(("CREATE", "ALTER TABLE"))]
    assert "What the hosted database has" in printed.out
    assert [line.split(" USING")[0] for line in made] == [
        'ALTER TABLE "public"."one" ADD COLUMN "added" "text";',
        'CREATE TABLE "public"."two" (',
        'CREATE POLICY "theirs" ON "storage"."objects" FOR SELECT',
    ]
    assert "Not expressed" not in printed.out
    assert "storage" not in only_public.out
    (file,) = folder.glob("*_hosted.sql")
    assert f"values ('{file.name[:14]}', 'hosted')" in written.err
    assert dump_schema(hosted, ["public", "storage"]) == before
    assert (refused.status, "edge link" in refused.err) == (2, True)
    next(clone, None)


def test_settings_of_the_database_are_tried_in_a_scratch_one(edge: Edge, tmp_path: Path) -> None:
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    (folder / "1_time.sql").write_text("alter database postgres set timezone to 'UTC'")

    outcome = edge("db", "migrate", "--check")

    assert (outcome.status, "takes every migration" in outcome.err) == (0, True)
