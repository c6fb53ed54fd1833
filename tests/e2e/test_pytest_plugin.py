"""`pytest --edge` in a project of a user: a stack, a fresh database for each test, clients."""

import sys
from pathlib import Path
from subprocess import run

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.process]

_MIGRATION = """
create table public.notes (
  id int generated always as identity primary key,
  owner_id uuid not null default auth.uid() references auth.users (id),
  body text not null
);
alter table public.notes enable row level security;
create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
"""
_SEED = """
insert into auth.users (id, email) values (gen_random_uuid(), 'seed@example.com');
insert into public.notes (owner_id, body) select id, 'seeded' from auth.users;
"""
_TESTS = """
import pytest

@pytest.mark.parametrize("n", range(3))
def test_rows_of_other_tests_are_gone(as_user, service, project, stack, n):
    assert project.sql("select body from notes") == [("seeded",)]
    ann, bob = as_user("ann@example.com", name="Ann"), as_user("bob@example.com")
    assert ann.auth.get_user().user.user_metadata["name"] == "Ann"
    ann.table("notes").insert({"body": "mine"}).execute()
    assert len(service.table("notes").select("*").execute().data) == 2
    assert [row["body"] for row in ann.table("notes").select("body").execute().data] == ["mine"]
    assert bob.table("notes").select("*").execute().data == []
    project.sql("create table more (id int)")

def test_functions_and_faults_are_at_hand(stack, project):
    assert stack.call("hello", {"a": 1}).json() == {"a": 1}
    stack.fault(provider="openai", kind="status", status=500)
"""
_SHARING_TESTS = """
import psycopg

def add(stack):
    with psycopg.connect(stack.db_url) as connection:
        connection.execute("insert into notes (owner_id, body) select id, 'left' from auth.users")
        return connection.execute("select count(*) from notes").fetchone()[0]

def test_what_is_left_by_a_test_without_a_database_of_its_own(stack):
    assert add(stack) == 2

def test_is_there_for_such_a_test(stack):
    assert add(stack) == 3

def test_is_not_there_for_one_that_has_its_own(stack, service):
    assert len(service.table("notes").select("*").execute().data) == 1
    service.table("notes").delete().neq("id", 0).execute()

def test_nor_what_that_one_left(stack):
    assert add(stack) == 2
"""
_FUNCTION = "async def main(request):\n    return await request.json()\n"


@pytest.mark.timeout(600)
def test_each_test_has_a_fresh_database_in_each_worker(tmp_path: Path) -> None:
    files = {
        "supabase/migrations/1_notes.sql": _MIGRATION,
        "supabase/seed.sql": _SEED,
        "functions/hello/main.py": _FUNCTION,
        "functions/hello/function.toml": "verify_jwt = false\n",
        "tests/test_notes.py": _TESTS,
        "tests/test_sharing.py": _SHARING_TESTS,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [sys.executable, "-m", "pytest", "--edge", "-q", "-n", "2"]

    command += ["--rootdir", ".", "--dist", "loadfile"]

    done = run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout
    assert not (tmp_path / ".edge").exists()


def test_what_can_be_mended_in_the_project_is_shown_without_our_own_code(tmp_path: Path) -> None:
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase/config.toml").write_text("[api]\nport = 'many'\n")
    (tmp_path / "test_api.py").write_text("def test_api(stack): ...\n")
    command = [sys.executable, "-m", "pytest", "--edge", "-q", "--rootdir", "."]

    done = run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "config.toml" in done.stdout
    assert "1 error" in done.stdout
    assert "pytest_fixtures.py" not in done.stdout
