"""Commands that a project declares in edge.toml: list, run, complete, and faults."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli_process import edge, shell

pytestmark = pytest.mark.process

ADDED = """\
[commands.greet]
run = "greeting:app"
help = "Greet people."

[commands.once]
run = "greeting:once"

[commands.backup]
run = "scripts/backup"
help = "Copy everything."
"""
MODULE = '''\
"""Commands."""
import typer
app = typer.Typer(help="Greetings.")

@app.command()
def hello(name: str, loud: bool = False) -> None:
    """Say hello."""
    print(name.upper() if loud else name)

@app.command()
def fail() -> None:
    """End with 7."""
    raise typer.Exit(7)

def once(count: int = 1, workdir: str = ".") -> None:
    """Count once."""
    print(count)
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one function."""
    folder = tmp_path / "functions/report"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("async def main(request):\n    return 'ok'\n")
    return tmp_path


@pytest.fixture
def extended(project: Path) -> Path:
    """Project that declares three commands."""
    (project / "edge.toml").write_text(ADDED)
    (project / "greeting.py").write_text(MODULE)
    script = project / "scripts/backup"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    script.chmod(0o755)
    return project


def test_they_are_listed_and_run_with_their_arguments_and_exit_status(extended: Path) -> None:
    listed = edge(extended, "--help")
    explained = edge(extended, "greet", "-h")
    hello = edge(extended, "greet", "hello", "ada", "--loud")

    assert "Greet people." in listed.stdout
    assert "Run greeting:once." in listed.stdout
    assert "Say hello." in explained.stdout
    assert "completion" not in explained.stdout
    assert (hello.returncode, hello.stdout) == (0, "ADA\n")
    assert edge(extended, "greet", "fail").returncode == 7
    assert edge(extended, "once", "--count", "4").stdout == "4\n"
    wrong = edge(extended, "greet", "hello")
    assert (wrong.returncode, "Missing argument" in wrong.stderr) == (2, True)


def test_an_executable_gets_all_arguments_and_its_status_is_the_command_s(extended: Path) -> None:
    ran = edge(extended, "backup", "--all", "-x", "to")

    assert (ran.returncode, ran.stdout) == (3, "--all -x to\n")


def test_the_project_is_that_of_workdir(
    extended: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    assert "greet" not in edge(elsewhere, "--help").stdout
    assert edge(elsewhere, "once", "--workdir", str(extended)).stdout == "1\n"
    assert edge(elsewhere, "once", f"--workdir={extended}").stdout == "1\n"
    assert "No such command 'once'" in edge(elsewhere, "once").stderr


def complete(folder: Path, words: str) -> list[str]:
    completed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'edge'; from edge.cli import main; main()",
        ],
        env=shell(
            _EDGE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
        ),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.stdout.split()


def test_the_shell_completes_them_and_what_is_below_them(extended: Path) -> None:
    assert complete(extended, "edge gre") == ["greet"]
    assert complete(extended, "edge greet he") == ["hello"]


def test_help_of_other_commands_imports_no_code_of_the_project(extended: Path) -> None:
    (extended / "greeting.py").write_text("raise SystemExit('imported')")

    assert edge(extended, "--help").returncode == 0
    assert edge(extended, "start", "--help").returncode == 0
    assert edge(extended, "functions", "list").returncode == 0


def test_a_module_that_cannot_be_imported_is_one_line_with_a_cure(extended: Path) -> None:
    (extended / "greeting.py").write_text("import nothing_of_this_name\n")

    ran = edge(extended, "greet", "hello", "ada")

    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    first, cure = ran.stderr.strip().splitlines()
    assert "edge greet: greeting:app cannot be imported: ModuleNotFoundError" in first
    assert "greeting.py:1" in first
    assert "[commands.greet] of " in cure
    assert "edge.toml" in cure


def test_an_attribute_that_is_missing_or_cannot_be_run_is_named(extended: Path) -> None:
    (extended / "greeting.py").write_text("app = 3\n")

    assert "neither a typer app nor a function" in edge(extended, "greet").stderr
    assert "has no attribute 'once'" in edge(extended, "once").stderr


def test_an_executable_that_is_missing_is_named(extended: Path) -> None:
    (extended / "scripts/backup").unlink()

    ran = edge(extended, "backup")

    assert ran.returncode == 2
    assert "scripts/backup cannot be executed: No such file" in ran.stderr


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[commands", "cannot be read"),
        ('[comands.x]\nrun = "a:b"', "no setting comands; did you mean commands?"),
        ('[commands.start]\nrun = "a:b"', "edge start exists already"),
    ],
)
def test_a_broken_file_leaves_the_built_in_commands_alone(
    project: Path, text: str, fault: str
) -> None:
    (project / "edge.toml").write_text(text)

    listed = edge(project, "--help")
    functions = edge(project, "functions", "list")

    assert (listed.returncode, functions.returncode) == (0, 0)
    assert fault in listed.stderr
    assert "edge.toml" in listed.stderr
    assert "functions" in listed.stdout
    assert functions.stderr == ""
