"""`edge secrets`: prints names and digests, never values."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.cli_command import Edge


def test_set_writes_functions_env(edge: Edge, project: Path) -> None:
    done = edge("secrets", "set", "A=1", "B=two words")

    assert done.status == 0
    assert (project / "functions/.env").read_text() == "A=1\nB='two words'\n"


def test_a_function_s_own_go_into_its_folder_by_either_spelling(edge: Edge, project: Path) -> None:
    edge("secrets", "set", "A=1", "--function", "send-invite")
    edge("secrets", "set", "B=2", "--function", "send_invite")

    assert (project / "functions/send_invite/.env").read_text() == "A=1\nB=2\n"
    assert not (project / "functions/.env").exists()


def test_list_shows_digests_and_no_value(edge: Edge, project: Path) -> None:
    edge("secrets", "set", "A=confidential")

    shown = edge("secrets", "list")
    listed = json.loads(edge("secrets", "list", "-o", "json").out)

    digest = sha256(b"confidential").hexdigest()
    assert listed == [{"name": "A", "digest": digest}]
    assert digest in shown.out
    assert "confidential" not in shown.out + shown.err


def test_reserved_names_are_skipped_in_the_platform_s_words(edge: Edge, project: Path) -> None:
    done = edge("secrets", "set", "SUPABASE_URL=x", "A=1", "supabase_url=y")

    assert done.status == 0
    assert "Env name cannot start with SUPABASE_, skipping: SUPABASE_URL" in done.err
    assert (project / "functions/.env").read_text() == "A=1\nsupabase_url=y\n"


@pytest.mark.parametrize("arguments", [(), ("SUPABASE_URL=x",)])
def test_nothing_to_set_is_an_error(edge: Edge, project: Path, arguments: tuple[str, ...]) -> None:
    done = edge("secrets", "set", *arguments)

    assert done.status == 2
    assert "No arguments found. Use --env-file to read from a .env file." in done.err


def test_pairs_come_from_a_file_too_and_the_command_line_wins(edge: Edge, project: Path) -> None:
    (project / "given").write_text("A=1 # remark\nB='2'\n")

    edge("secrets", "set", "--env-file", "given", "A=3")

    assert (project / "functions/.env").read_text() == "A=3\nB=2\n"


def test_a_file_that_is_not_there_is_an_error(edge: Edge, project: Path) -> None:
    done = edge("secrets", "set", "--env-file", "missing")

    assert (done.status, "There is no env file missing." in done.err) == (2, True)


def test_a_secret_that_no_function_declares_is_a_warning(edge: Edge, project: Path) -> None:
    declared = edge("secrets", "set", "REPORT_KEY=1")
    undeclared = edge("secrets", "set", "OTHER=1")

    assert "No function gets" not in declared.err
    assert "No function gets OTHER yet" in undeclared.err


def test_unset_removes_what_is_named(edge: Edge, project: Path) -> None:
    edge("secrets", "set", "A=1", "B=2")

    edge("secrets", "unset", "A")

    assert (project / "functions/.env").read_text() == "B=2\n"


def test_unset_all_keeps_reserved_names_and_a_dry_run_keeps_everything(
    edge: Edge, project: Path
) -> None:
    (project / "functions/.env").write_text("A=1\nSUPABASE_URL=x\n")

    dry = edge("secrets", "unset", "--all", "--dry-run")
    before = (project / "functions/.env").read_text()
    edge("secrets", "unset", "--all")

    assert (dry.err, before) == ("Would remove A.\n", "A=1\nSUPABASE_URL=x\n")
    assert (project / "functions/.env").read_text() == "SUPABASE_URL=x\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--all"),
        (("A", "--all"), "not both"),
        (("REPORT_KEI",), "Did you mean REPORT_KEY?"),
        (("ZZZ",), "edge secrets list"),
    ],
)
def test_unset_needs_known_names_or_all(
    edge: Edge, project: Path, arguments: tuple[str, ...], said: str
) -> None:
    edge("secrets", "set", "REPORT_KEY=1")

    done = edge("secrets", "unset", *arguments)

    assert (done.status, said in done.err) == (2, True)
    assert (project / "functions/.env").read_text() == "REPORT_KEY=1\n"


def test_outside_a_project_it_says_where_to_go(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = edge("secrets", "set", "A=1")

    assert done.status == 2
    assert "There is no project in" in done.err
    assert "edge init DIR" in done.err
