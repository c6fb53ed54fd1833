"""`edge link` against a Management API: what it writes, keeps, and says when it cannot."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.project.env_file import EnvFile
from edge.project.hosted import find_hosted_project
from tests.support.cli_command import Edge, Outcome, run_edge
from tests.support.management_api import (
    PUBLISHABLE,
    REF,
    SECRET,
    TOKEN,
    ManagementApi,
    serving_management_api,
)


@pytest.fixture(scope="module")
def server() -> Iterator[ManagementApi]:
    with serving_management_api() as api:
        yield api


@pytest.fixture
def api(
    server: ManagementApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ManagementApi]:
    """The API, named by a profile file; the project's folder is the current one."""
    profile = tmp_path / "profile.toml"
    profile.write_text(f'api_url = "{server.url}"\nproject_host = "projects.test"\n')
    monkeypatch.setenv("SUPABASE_PROFILE", str(profile))
    monkeypatch.setenv("SUPABASE_ACCESS_TOKEN", TOKEN)
    monkeypatch.delenv("SUPABASE_DB_PASSWORD", raising=False)
    (tmp_path / "app/supabase").mkdir(parents=True)
    (tmp_path / "app/supabase/config.toml").write_text("")
    monkeypatch.chdir(tmp_path / "app")
    keys = list(server.keys)
    yield server
    server.keys, server.status = keys, 200


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Edge:
    def run(*arguments: str) -> Outcome:
        return run_edge(monkeypatch, capsys, *arguments)

    return run


FILE = Path(".env.production")
URL = f"https://{REF}.projects.test"


@pytest.mark.usefixtures("api")
def test_keys_are_written_privately_and_other_lines_kept(edge: Edge) -> None:
    FILE.write_text("# mine\nOPENAI_API_KEY='sk'  # kept\nSUPABASE_DB_URL=postgres://old\n")

    outcome = edge("link", "--project-ref", REF, "--password", "p@ss w")
    first = FILE.read_text()
    again = edge("link")

    assert outcome.status == again.status == 0, outcome.err + again.err
    assert FILE.stat().st_mode & 0o777 == 0o600
    assert first == FILE.read_text()
    assert first.startswith("# mine\nOPENAI_API_KEY='sk'  # kept\n")
    assert EnvFile(FILE).read() == {
        "OPENAI_API_KEY": "sk",
        "SUPABASE_URL": URL,
        "SUPABASE_ANON_KEY": "anon.of.project",
        "SUPABASE_SERVICE_ROLE_KEY": "service.of.project",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_one",
        "SUPABASE_SECRET_KEY": "sb_secret_one",
        "SUPABASE_DB_URL": f"postgresql://postgres.{REF}:p%40ss%20w@pooler.test:5432/postgres",
    }
    assert Path("supabase/.temp/project-ref").read_text() == REF
    shown = outcome.out + outcome.err + again.out + again.err
    assert not any(secret in shown for secret in (".of.project", "sb_", "p%40", "p@ss", TOKEN))


def test_a_project_without_legacy_keys_is_one_that_commands_take(
    api: ManagementApi, edge: Edge
) -> None:
    api.keys = [PUBLISHABLE, SECRET, {**SECRET, "name": "web", "api_key": "sb_secret_two"}]

    assert edge("link", "--project-ref", REF, "--env", "staging").status == 0

    project = find_hosted_project(EnvFile(Path(".env.staging")).read(), port=1, local_secret="")
    assert project
    assert project.url == URL
    assert project.key("SUPABASE_SECRET_KEYS", "") == "sb_secret_one"
    assert project.variables["SUPABASE_ANON_KEY"] == "sb_publishable_one"


def test_another_project_leaves_nothing_of_the_one_before(edge: Edge, api: ManagementApi) -> None:
    FILE.write_text("A=1\nSUPABASE_URL=https://other.test\nSUPABASE_JWT_SECRET=s\n")
    api.keys = api.keys[:2]

    edge("link", "--project-ref", REF)

    assert set(EnvFile(FILE).read()) == {
        *("A", "SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    }


@pytest.mark.usefixtures("api")
def test_unlink_takes_back_what_link_wrote(edge: Edge) -> None:
    FILE.write_text("A=1\n")
    Path(".env.staging").write_text("SUPABASE_URL=https://other.test\n")
    edge("link", "--project-ref", REF)

    outcome = edge("unlink")

    assert outcome.status == 0
    assert FILE.read_text() == "A=1\n"
    assert Path(".env.staging").read_text() == "SUPABASE_URL=https://other.test\n"
    assert not Path("supabase/.temp/project-ref").exists()
    assert edge("unlink").status == 2


@pytest.mark.usefixtures("api")
def test_a_linked_database_is_the_one_that_is_pushed_to(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUPABASE_DB_URL", raising=False)
    Path("supabase/migrations").mkdir()
    url = "postgresql://postgres:secret@127.0.0.1:1/postgres"

    unlinked = edge("db", "push", "--dry-run")
    edge("link", "--project-ref", REF, "--env", "staging", "--db-url", url)
    linked = edge("db", "push", "--dry-run")

    assert (unlinked.status, "edge link" in unlinked.err) == (2, True)
    assert (linked.status, "127.0.0.1/postgres failed" in linked.err) == (2, True)
    assert "secret" not in linked.err


@pytest.mark.usefixtures("api")
def test_without_a_token_keys_come_from_options(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUPABASE_ACCESS_TOKEN")
    keys = ("--publishable-key", "sb_publishable_x", "--secret-key", "sb_secret_x")

    missing = edge("link", "--project-ref", REF)
    swapped = edge("link", "--project-ref", REF, *keys[:3], "sb_publishable_x")
    done = edge("link", "--project-ref", REF, *keys, "--password", "p")

    assert (missing.status, "SUPABASE_ACCESS_TOKEN" in missing.err) == (2, True)
    assert (swapped.status, "--secret-key" in swapped.err) == (2, True)
    assert done.status == 0
    written = EnvFile(FILE).read()
    assert written["SUPABASE_SECRET_KEY"] == written["SUPABASE_SERVICE_ROLE_KEY"] == "sb_secret_x"
    assert written["SUPABASE_DB_URL"] == (
        f"postgresql://postgres:p@db.{REF}.projects.test:5432/postgres"
    )


@pytest.mark.parametrize(
    ("ref", "status", "words"),
    [
        ("ABC", 200, "20 lower-case letters"),
        ("z" * 20, 200, "no project zzz"),
        (REF, 401, "/account/tokens"),
        (REF, 403, "may not read"),
        (REF, 429, "Wait"),
        (REF, 503, "--publishable-key"),
    ],
)
def test_errors_name_the_cure_and_nothing_is_written(
    api: ManagementApi, edge: Edge, ref: str, status: int, words: str
) -> None:
    api.status = status

    outcome = edge("link", "--project-ref", ref)

    assert (outcome.status, words in outcome.err) == (2, True), outcome.err
    assert not FILE.exists()
    assert not Path("supabase/.temp").exists()


@pytest.mark.usefixtures("api")
def test_no_connection_is_said(edge: Edge, tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text('api_url = "http://127.0.0.1:1"\nproject_host = "projects.test"\n')

    outcome = edge("link", "--project-ref", REF)

    assert (outcome.status, "cannot be reached" in outcome.err) == (2, True)


@pytest.mark.usefixtures("api")
def test_git_ignores_what_was_written(edge: Edge) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".gitignore").write_text("dist")

    edge("link", "--project-ref", REF)
    edge("link")

    assert Path(".gitignore").read_text() == (
        "dist\n/.env.production\n/supabase/.temp/project-ref\n"
    )
