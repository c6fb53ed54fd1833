"""`edge db test`: pgTAP files by psql, on the running stack's database."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from edge.cli.db.shared_pgtap import use_pgtap
from edge.emulator.postgres.cluster import Cluster
from edge.project.lock import Lock
from tests.support.cli_command import Edge, Outcome, run_edge

_PRIVATE = """\
begin;
select plan(3);
select has_table('notes');
insert into notes values (1, 'ann'), (2, 'bob');
set local role authenticated;
select results_eq('select id from notes', array[1], 'Ann sees hers');
select throws_ok('delete from secrets', '42P01');
select * from finish();
rollback;
"""


@pytest.fixture
def edge(
    tmp_path: Path,
    cluster: Cluster,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Edge]:
    """Run a command on a project whose stack seems to run on this test's database."""
    lock = Lock(tmp_path / ".edge/lock")
    lock.path.parent.mkdir()
    lock.acquire()
    url = f"postgresql://postgres@/{database}?host={cluster.socket_dir}&port={cluster.port}"
    lock.write({"API_URL": "http://127.0.0.1:1", "DB_URL": url})
    with psycopg.connect(url) as connection:
        connection.execute("create table notes (id int, author text)")
        connection.execute("alter table notes enable row level security")
        connection.execute("create policy own on notes using (author = 'ann')")
        connection.execute("alter default privileges revoke execute on functions from public")

    def run(*arguments: str) -> Outcome:
        return run_edge(monkeypatch, capsys, "db", "test", *arguments, "--workdir", str(tmp_path))

    (tmp_path / "supabase/tests/database").mkdir(parents=True)
    yield run
    lock.release()


def test_files_pass(edge: Edge, tmp_path: Path, cluster: Cluster, database: str) -> None:
    folder = tmp_path / "supabase/tests"
    (folder / "database/01-private.test.sql").write_text(_PRIVATE)
    (folder / "database/02-included.pg").write_text("\\set id 7\n\\ir ../shared/plan.psql\n")
    (folder / "shared").mkdir()
    (folder / "shared/plan.psql").write_text("select plan(1); select is(:id, 7);")

    outcome = edge()

    assert outcome.status == 0, outcome.err
    *files, totals, result = outcome.out.splitlines()
    assert files == [
        "supabase/tests/database/01-private.test.sql .. ok",
        "supabase/tests/database/02-included.pg .. ok",
    ]
    assert totals.startswith("Files=2, Tests=4, ")
    assert result == "Result: PASS"
    with psycopg.connect(cluster.dsn(database)) as connection:
        left = "select count(*) from notes, pg_extension where extname = 'pgtap'"
        assert connection.execute(left).fetchone() == (0,)


def test_failures_are_explained(edge: Edge, tmp_path: Path) -> None:
    folder = tmp_path / "supabase/tests/database"
    (folder / "1.sql").write_text("select plan(3); select is(1, 2, 'one is two'); select ok(true);")
    (folder / "2.sql").write_text("select plan(1);\nselect ok(nothing);\n")

    shown = edge()
    document = json.loads(edge("-o", "json", str(folder / "1.sql")).out)

    assert shown.status == 1
    assert (
        "supabase/tests/database/1.sql: bad plan: 3 planned, 2 ran; failed 1 of 2: 1" in shown.out
    )
    assert "2.sql: stopped after 0 tests by an error in SQL" in shown.out
    assert '# Failed test 1: "one is two"' in shown.err
    assert '2.sql:2: ERROR:  column "nothing" does not exist' in shown.err
    assert shown.out.endswith("Result: FAIL\n")
    assert (document["passed"], document["tests"]) == (False, 2)
    assert [file["failed"] for file in document["files"]] == [[1]]


def test_without_files_the_place_is_named(edge: Edge) -> None:
    outcome = edge()

    assert outcome.status == 2
    assert "ends in .sql or .pg" in outcome.err


@pytest.mark.parametrize("endless", ["select pg_sleep(1000);", "\\! sleep 1000"])
def test_a_file_that_does_not_end_is_stopped(edge: Edge, tmp_path: Path, endless: str) -> None:
    folder = tmp_path / "supabase/tests/database"
    (folder / "1.sql").write_text(f"select plan(1);\n{endless}\nselect ok(true);\n")
    (folder / "2.sql").write_text("select plan(1); select ok(true);")

    outcome = edge("--timeout", "3")

    assert outcome.status == 1
    assert ": 3 s were over" in outcome.out
    assert "2.sql .. ok" in outcome.out


def test_runs_that_overlap_leave_each_other_pgtap(cluster: Cluster, database: str) -> None:
    url = cluster.dsn(database, user="postgres")

    def has_pgtap() -> bool:
        with psycopg.connect(url) as connection:
            found = connection.execute("select from pg_extension where extname = 'pgtap'")
            return found.fetchone() is not None

    with ExitStack() as second:
        with use_pgtap(url):
            second.enter_context(use_pgtap(url))
        assert has_pgtap()
    assert not has_pgtap()


def test_a_project_keeps_the_pgtap_that_it_has_made(cluster: Cluster, database: str) -> None:
    url = cluster.dsn(database, user="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension pgtap with schema extensions")
        with use_pgtap(url):
            pass

        assert connection.execute("select extensions.plan(1)").fetchone() is not None
