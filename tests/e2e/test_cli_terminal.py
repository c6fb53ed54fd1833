"""Commands at a terminal: confirmation prompts and Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_process import DEADLINE, shell
from tests.support.edge_process import EdgeProcess

pytestmark = [pytest.mark.process, pytest.mark.e2e]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "functions/old").mkdir(parents=True)
    (tmp_path / "functions/old/main.py").write_text("async def main(request):\n    return 'x'\n")
    return tmp_path


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def delete(project: Path, terminal: tuple[int, int]) -> subprocess.Popen[str]:
    """Run `edge functions delete old` up to its prompt."""
    process = EdgeProcess(
        ["functions", "delete", "old"],
        cwd=project,
        env=shell(),
        stdin=terminal[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    prompt = ""
    while not prompt.endswith("[y/N] "):
        prompt += process.stderr.read(1)
    return process


@pytest.mark.parametrize(
    ("answer", "status", "is_left"), [("y\n", 0, False), ("n\n", 1, True), ("\n", 1, True)]
)
def test_only_a_yes_removes_anything(
    project: Path, terminal: tuple[int, int], answer: str, status: int, is_left: bool
) -> None:
    process = delete(project, terminal)
    os.write(terminal[0], answer.encode())
    process.communicate(timeout=DEADLINE)

    assert (process.returncode, (project / "functions/old").exists()) == (status, is_left)


def test_ctrl_c_at_the_question_changes_nothing(project: Path, terminal: tuple[int, int]) -> None:
    process = delete(project, terminal)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=DEADLINE)

    assert (process.returncode, "Traceback" in said) == (130, False)
    assert (project / "functions/old").exists()


INTERRUPTED_IMPORT = """
import sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == MODULE:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from edge.cli import main
sys.argv = ["edge", "functions", "list"]
main()
"""


@pytest.mark.parametrize("module", ["edge.cli.app", "rich.console", "edge.project.manifest"])
def test_ctrl_c_before_the_command_has_begun_is_quiet(project: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"MODULE = {module!r}\n{INTERRUPTED_IMPORT}"],
        cwd=project,
        env=shell(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
