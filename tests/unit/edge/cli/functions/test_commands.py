"""`edge functions new`, `list` and `delete`."""

import ast
import json
from pathlib import Path

import pytest

from edge.project.lock import Lock
from edge.project.manifest import discover
from tests.support.cli_command import Edge

TEMPLATES = ("http", "webhook", "job", "llm")


@pytest.fixture
def with_shared(project: Path) -> Path:
    (project / "shared").mkdir()
    (project / "shared/endpoint.py").write_text("")
    return project


@pytest.mark.parametrize("template", TEMPLATES)
def test_new_writes_a_function_that_the_platform_finds(
    edge: Edge, project: Path, template: str
) -> None:
    done = edge("functions", "new", "say-hello", "--template", template)

    assert done.status == 0
    function = discover(project / "functions")["say-hello"]
    assert (function.folder.name, function.fault) == ("say_hello", None)
    assert (project / "tests/test_say_hello.py").is_file()
    assert "functions-framework==" in (function.folder / "requirements.txt").read_text()


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("auth", ["none", "apikey", "user"])
def test_with_shared_the_handler_says_who_may_call(
    edge: Edge, with_shared: Path, template: str, auth: str
) -> None:
    edge("functions", "new", "f", "--template", template, "--auth", auth)

    modes = {"none": "none", "apikey": ("publishable", "secret"), "user": "user"}
    assert declared_auth(with_shared / "functions/f/main.py") == modes[auth]
    function = discover(with_shared / "functions")["f"]
    assert function.manifest.verify_jwt is (auth == "user")


def declared_auth(source: Path) -> object:
    """Return the `auth` argument of the endpoint decorator."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "auth":
            return ast.literal_eval(node.value)
    raise AssertionError("no auth is declared")


def test_without_shared_the_platform_checks_the_token(edge: Edge, project: Path) -> None:
    edge("functions", "new", "f", "--auth", "apikey")

    assert discover(project / "functions")["f"].manifest.verify_jwt is True
    assert "shared" not in (project / "functions/f/main.py").read_text()


def test_without_shared_auth_user_is_refused(edge: Edge, project: Path) -> None:
    done = edge("functions", "new", "f", "--auth", "user")

    assert done.status == 2
    assert "shared/" in done.err
    assert not (project / "functions/f").exists()


@pytest.mark.parametrize("name", ["1abc", "_x", "a/b", "..", "a b", "héllo", "a\n", ""])
def test_a_bad_name_is_refused_in_the_platform_s_words(
    edge: Edge, project: Path, name: str
) -> None:
    done = edge("functions", "new", name)

    assert done.status == 2
    assert "Invalid Function name. Must start with at least one letter" in done.err
    assert sorted(path.name for path in (project / "functions").iterdir()) == [
        "report",
        "send_invite",
    ]


@pytest.mark.parametrize("name", ["send-invite", "send_invite"])
def test_a_function_that_exists_is_not_touched(edge: Edge, project: Path, name: str) -> None:
    before = (project / "functions/send_invite/main.py").read_text()

    done = edge("functions", "new", name)

    assert (done.status, "send-invite exists already" in done.err) == (2, True)
    assert (project / "functions/send_invite/main.py").read_text() == before


def test_if_one_file_is_in_the_way_none_is_written(edge: Edge, project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests/test_f.py").write_text("mine")

    done = edge("functions", "new", "f")

    assert (done.status, "nothing was written" in done.err) == (2, True)
    assert not (project / "functions/f").exists()
    assert (project / "tests/test_f.py").read_text() == "mine"


def test_list_has_the_columns_of_the_supabase_cli(edge: Edge, project: Path) -> None:
    header, *rows = edge("functions", "list").out.splitlines()

    assert header.split() == [
        "ID", "NAME", "SLUG", "STATUS", "VERSION", "UPDATED_AT", "VERIFY_JWT",
    ]  # fmt: skip
    assert [row.split()[1:4] for row in rows] == [
        ["report", "report", "ACTIVE"],
        ["send_invite", "send-invite", "ACTIVE"],
    ]


def test_a_version_changes_with_the_code_and_with_nothing_else(edge: Edge, project: Path) -> None:
    def versions() -> dict[str, str]:
        listed = json.loads(edge("functions", "list", "-o", "json").out)
        return {row["slug"]: row["version"] for row in listed}

    before = versions()
    (project / "functions/report/.env").write_text("REPORT_KEY=1\n")
    cached = versions()
    (project / "functions/report/main.py").write_text("async def main(request): ...\n")

    assert cached == before
    assert versions()["report"] != before["report"]
    assert versions()["send-invite"] == before["send-invite"]


@pytest.mark.parametrize(
    ("manifest", "status"), [("verify_jwt = [\n", "FAULTY"), ("enabled = false\n", "DISABLED")]
)
def test_a_function_that_is_not_served_is_listed_as_such(
    edge: Edge, project: Path, manifest: str, status: str
) -> None:
    (project / "functions/report/function.toml").write_text(manifest)

    listed = json.loads(edge("functions", "list", "-o", "json").out)

    assert {row["slug"]: row["status"] for row in listed} == {
        "report": status,
        "send-invite": "ACTIVE",
    }


def test_delete_confirms_first(edge: Edge, project: Path) -> None:
    unasked = edge("functions", "delete", "report")
    still_there = (project / "functions/report").exists()
    agreed = edge("functions", "delete", "report", "--yes")

    assert (unasked.status, still_there, "--yes" in unasked.err) == (2, True, True)
    assert (agreed.status, (project / "functions/report").exists()) == (0, False)


def test_deleting_a_linked_folder_leaves_what_it_points_to(edge: Edge, project: Path) -> None:
    elsewhere = project / "elsewhere"
    (project / "functions/report").rename(elsewhere)
    (project / "functions/report").symlink_to(elsewhere)

    edge("functions", "delete", "report", "--yes")

    assert not (project / "functions/report").is_symlink()
    assert (elsewhere / "main.py").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("functions", "delete", "reprot", "--yes"), "Did you mean report?"),
        (("functions", "invoke", "send-invites"), "Did you mean send-invite?"),
        (("logs", "reports"), "Did you mean report?"),
        (("functions", "serve", "zzz"), "There are: report, send-invite"),
        (("start", "--inspect", "reprt"), "Did you mean report?"),
        (("secrets", "list", "--function", "raport"), "Did you mean report?"),
        (("statsu",), "Did you mean"),
        (("functions", "lst"), "Did you mean"),
        (("start", "--limitz", "off"), "--limits"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(
    edge: Edge, lock: Lock, arguments: tuple[str, ...], said: str
) -> None:
    lock.write({"PID": "1", "API_URL": "http://127.0.0.1:9"})

    done = edge(*arguments)

    assert (done.status, said in " ".join(done.err.split())) == (2, True), done.err
