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
_FUNCTION = "async def main(request):\n    return await request.json()\n"


@pytest.mark.timeout(600)
def test_each_test_has_a_fresh_database_in_each_worker(tmp_path: Path) -> None:
    files = {
        "supabase/migrations/1_notes.sql": _MIGRATION,
        "supabase/seed.sql": _SEED,
        "functions/hello/main.py": _FUNCTION,
        "functions/hello/function.toml": "verify_jwt = false\n",
        "tests/test_notes.py": _TESTS,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [sys.executable, "-m", "pytest", "--edge", "-q", "-n", "2", "--rootdir", "."]

    done = run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert not (tmp_path / ".edge").exists()
