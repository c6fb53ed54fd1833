"""`edge db diff` on the database of a running stack: prints, writes a migration, finds none."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import find_migrations, migrate
from edge.project.lock import Lock
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
