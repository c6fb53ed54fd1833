"""First use of `edge`: init, start, new, invoke, logs, secrets, migrations, reset."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cli_process import DEADLINE, edge, serving, shell
from tests.support.edge_process import EdgeProcess
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e]

ANY_PORTS = ("--port", "0", "--db-port", "0")
WHO = """from starlette.requests import Request


async def main(request: Request) -> dict[str, str]:
    return {"authorization": request.headers.get("authorization", "")}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "shop"
    assert edge(folder.parent, "init", "shop").returncode == 0
    made = edge(folder, "functions", "new", "greet-user", "--auth", "user")
    assert made.returncode == 0, made.stderr
    (folder / "functions/who").mkdir()
    (folder / "functions/who/main.py").write_text(WHO)
    return folder


@pytest.fixture(scope="module")
def details(project: Path) -> Iterator[dict[str, Any]]:
    with serving(project, "start", *ANY_PORTS) as details:
        yield details


def psql(project: Path, statement: str) -> str:
    done = edge(project, "db", "psql", "-At", "-c", statement)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def add_user(project: Path, email: str) -> None:
    """Store a user unless the address is known."""
    values = f"(gen_random_uuid(), '{email}')"
    psql(project, f"insert into auth.users (id, email) values {values} on conflict do nothing")


@pytest.mark.usefixtures("details")
def test_the_first_call_works_and_a_wrong_one_fails(project: Path) -> None:
    good = edge(project, "functions", "invoke", "hello", "--data", '{"name": "Ada"}')
    bad = edge(project, "functions", "invoke", "hello", "--data", '{"nam": "Ada"}', "-o", "json")

    assert (good.returncode, json.loads(good.stdout)) == (0, {"message": "Hello, Ada!"})
    assert (bad.returncode, json.loads(bad.stdout)["body"]["code"]) == (1, "INVALID_BODY")


@pytest.mark.usefixtures("details")
def test_invoke_as_a_user_sends_a_token_for_that_user(project: Path) -> None:
    add_user(project, "ada@example.com")

    call = ("functions", "invoke", "greet-user", "--data", '{"name": "Ada"}')
    anon, user = edge(project, *call), edge(project, *call, "--user", "ADA@example.com")
    stranger = edge(project, *call, "--user", "ada@example.org")

    assert (anon.returncode, user.returncode) == (1, 0), user.stderr
    assert (stranger.returncode, "Did you mean ada@example.com?" in stranger.stderr) == (2, True)
    assert psql(project, "select count(*) from auth.users") == "1"


def test_a_user_s_token_is_bound_by_row_security(project: Path, details: dict[str, Any]) -> None:
    add_user(project, "ada@example.com")
    add_user(project, "bob@example.com")

    def token(email: str) -> str:
        called = edge(project, "functions", "invoke", "who", "--user", email)
        return json.loads(called.stdout)["authorization"]

    def notes(email: str) -> httpx.Client:
        headers = {"apikey": details["ANON_KEY"], "authorization": token(email)}
        return httpx.Client(base_url=details["API_URL"] + "/rest/v1", headers=headers)

    with notes("ada@example.com") as ada, notes("bob@example.com") as bob:
        assert ada.post("/notes", json={"body": "mine"}).status_code == 201
        assert [note["body"] for note in ada.get("/notes").json()] == ["mine"]
        assert bob.get("/notes").json() == []


def test_a_new_migration_is_applied_to_the_running_stack(
    project: Path, details: dict[str, Any]
) -> None:
    migration = project / "supabase/migrations/29990101000000_create_tags.sql"
    migration.write_text("create table public.tags (name text primary key);")

    applied = edge(project, "db", "migrate", "-o", "json")
    again = edge(project, "db", "migrate", "-o", "json")

    assert json.loads(applied.stdout) == {"applied": [migration.name]}
    assert json.loads(again.stdout) == {"applied": []}
    headers = {"apikey": details["SECRET_KEY"]}
    assert (
        httpx.get(details["API_URL"] + "/rest/v1/tags", headers=headers, timeout=PATIENCE).json()
        == []
    )


def test_a_broken_migration_is_shown_with_its_line(project: Path, details: object) -> None:
    migration = project / "supabase/migrations/29990102000000_break_things.sql"
    migration.write_text("select 1;\ncreate table x (id nonsense);")
    try:
        done = edge(project, "db", "migrate")
    finally:
        migration.unlink()

    assert (done.returncode, "break_things.sql:2" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_reset_drops_the_rows_and_applies_everything_again(
    project: Path, details: dict[str, Any]
) -> None:
    (project / "supabase/seed.sql").write_text(
        "insert into auth.users (id, email) values (gen_random_uuid(), 'seed@example.com');"
    )
    add_user(project, "eve@example.com")

    unasked = edge(project, "db", "reset")
    done = edge(project, "db", "reset", "--yes", "-o", "json")

    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    assert any("create_notes" in name for name in json.loads(done.stdout)["applied"]), done.stderr
    assert psql(project, "select email from auth.users") == "seed@example.com"
    headers = {"apikey": details["SECRET_KEY"]}
    assert (
        httpx.get(details["API_URL"] + "/rest/v1/notes", headers=headers, timeout=PATIENCE).json()
        == []
    )


@pytest.mark.usefixtures("details")
def test_the_log_is_followed_until_ctrl_c(project: Path) -> None:
    follow = EdgeProcess(
        ["logs", "hello", "-f", "-o", "json", "--search", "/hello 405"],
        cwd=project,
        env=shell(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follow.stdout is not None
    try:
        edge(project, "functions", "invoke", "hello", "-X", "DELETE")
        entry = json.loads(follow.stdout.readline())
    finally:
        follow.send_signal(signal.SIGINT)
        _, stderr = follow.communicate(timeout=DEADLINE)

    assert (entry["function"], entry["fields"]["status"]) == ("hello", 405)
    assert (follow.returncode, stderr) == (130, "")


def test_status_prints_the_names_of_a_functions_environment(
    project: Path, details: dict[str, Any]
) -> None:
    done = edge(project, "status", "-o", "json", "--function-names")

    named = json.loads(done.stdout)
    assert named["SUPABASE_URL"] == details["API_URL"]
    assert named["SUPABASE_ANON_KEY"] == details["ANON_KEY"]


def test_functions_are_served_alone_and_on_another_stack_s_data(
    project: Path, details: dict[str, Any], tmp_path: Path
) -> None:
    reader = tmp_path / "functions/reader"
    reader.mkdir(parents=True)
    (reader / "main.py").write_text(
        "import os\n"
        "from supabase import acreate_client\n\n\n"
        "async def main(request):\n"
        "    url, key = os.environ['SUPABASE_URL'], os.environ['SUPABASE_SERVICE_ROLE_KEY']\n"
        "    client = await acreate_client(url, key)\n"
        "    rows = await client.table('notes').select('*').execute()\n"
        "    return {'url': url, 'rows': rows.data}\n"
    )
    (tmp_path / "functions/other").mkdir()
    (tmp_path / "functions/other/main.py").write_text("async def main(request):\n    return 'x'\n")
    remote = json.loads(edge(project, "status", "-o", "json", "--function-names").stdout)
    environ = shell(**{name: remote[name] for name in remote if name != "SUPABASE_DB_URL"})
    serve = ("functions", "serve", "reader", "--port", "0")

    with serving(tmp_path, *serve, environ=environ) as alone:
        read = edge(tmp_path, "functions", "invoke", "reader", "--service")
        other = edge(tmp_path, "functions", "invoke", "other", "--service")

    assert "DB_URL" not in alone
    assert json.loads(read.stdout) == {"url": details["API_URL"], "rows": []}, read.stderr
    assert (other.returncode, "404" in other.stderr) == (1, True)
    assert not (tmp_path / ".edge/postgres").exists()


def test_without_verify_jwt_a_request_without_a_token_passes(project: Path, tmp_path: Path) -> None:
    (tmp_path / "functions").symlink_to(project / "functions")
    (tmp_path / "shared").symlink_to(project / "shared")
    call = "/functions/v1/who"

    with serving(tmp_path, "functions", "serve", "who", "--port", "0") as strict:
        refused = httpx.post(strict["API_URL"] + call, timeout=DEADLINE)
    with serving(tmp_path, "functions", "serve", "who", "--port", "0", "--no-verify-jwt") as lax:
        passed = httpx.post(lax["API_URL"] + call, timeout=DEADLINE)

    assert (refused.status_code, passed.status_code) == (401, 200)


def test_the_database_of_a_stopped_stack_can_be_reset(tmp_path: Path) -> None:
    edge(tmp_path, "init", ".")

    done = edge(tmp_path, "db", "reset", "--yes", "-o", "json")

    assert (done.returncode, len(json.loads(done.stdout)["applied"])) == (0, 1), done.stderr
    with serving(tmp_path, "start", *ANY_PORTS):
        assert psql(tmp_path, "select count(*) from notes") == "0"
