"""The command line as a whole: import time, help, completion."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli_command import Edge
from tests.support.paths import ROOT

HEAVY = {
    "cryptography",
    "edge.project.settings",
    "httpx",
    "psycopg",
    "pydantic",
    "starlette",
    "uvicorn",
    "watchfiles",
}


def test_help_imports_nothing_heavy() -> None:
    source = "import sys, edge.cli.app; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    ).stdout.split()

    assert HEAVY.intersection(loaded) == set()


@pytest.mark.parametrize(
    "command", ["init", "start", "stop", "status", "logs", "functions", "secrets", "db"]
)
def test_help_names_every_command_and_the_exit_codes(edge: Edge, command: str) -> None:
    shown = edge("--help")

    assert shown.status == 0
    assert command in shown.out
    assert "130 Ctrl-C" in " ".join(shown.out.split())


def test_without_a_command_it_shows_help_and_fails(edge: Edge) -> None:
    shown = edge()

    assert (shown.status, "Commands" in shown.out + shown.err) == (2, True)


def test_the_shell_completes_function_names(project: Path) -> None:
    completed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'edge'; from edge.cli import main; main()",
        ],
        env={
            "_EDGE_COMPLETE": "complete_bash",
            "COMP_WORDS": "edge functions invoke se",
            "COMP_CWORD": "3",
            "PYTHONPATH": str(ROOT),
        },
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.stdout.split() == ["send-invite"]
