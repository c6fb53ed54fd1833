"""Stack of a demonstration: found, shared and ended, with real processes."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.made_database import give_database
from tests.support.notes_project import create_notes_project
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

DEADLINE = PATIENCE
_DEMONSTRATE = """
import sys, time
from pathlib import Path
from backend.demo.interruption import interrupt_on_signals
from backend.demo.process import StackError
from backend.demo.stack import local_stack

def report(text):
    print(text, flush=True)

interrupt_on_signals()
try:
    with local_stack(Path(sys.argv[1]), keep=False, port=None, report=report) as stack:
        print("found" if stack.was_running else "started", stack.api_url, flush=True)
        while not Path(sys.argv[2]).exists():
            time.sleep(0.02)
except StackError as error:
    print("failed", error)
except KeyboardInterrupt:
    print("interrupted")
"""

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]

Process = subprocess.Popen[str]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Small project; no process of it may be left."""
    create_notes_project(tmp_path)
    (tmp_path / ".env").write_text("")
    yield tmp_path
    assert wait_gone(tmp_path) == []


@pytest.fixture
def made(project: Path) -> Path:
    """The project with the database of its first start."""
    give_database(project)
    return project


def run(*arguments: str) -> Process:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def demonstrate(project: Path, until: Path | None = None) -> Process:
    """Use the project's stack until a file exists, or end at once."""
    return run("-c", _DEMONSTRATE, str(project), str(until or project))


def start_stack(project: Path) -> Process:
    ports = ("--port", "0", "--db-port", "0")
    return run(
        "-m", "edge", "start", "-o", "json", "--no-reload", *ports, "--workdir", str(project)
    )


def output(process: Process) -> str:
    return process.communicate(timeout=DEADLINE)[0]


def first_line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def alive(project: Path) -> list[str]:
    """Return the command lines of processes that mention the project."""
    commands = (" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))
    return [command for command in commands if str(project) in command]


def wait_gone(project: Path) -> list[str]:
    deadline = time.monotonic() + DEADLINE
    while (left := alive(project)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_a_starting_stack_is_waited_for_and_kept(made: Path) -> None:
    stack = start_stack(made)
    lock = made / ".edge" / "lock"
    while not (lock.exists() and "PID" in lock.read_text()):
        time.sleep(0.01)

    printed = output(demonstrate(made))
    is_left = stack.poll() is None
    stack.send_signal(signal.SIGTERM)
    output(stack)

    assert printed.startswith("found http://127.0.0.1:")
    assert is_left


def test_demonstrations_at_once_share_a_stack(made: Path) -> None:
    """The process that started the stack waits for the others before it ends it."""
    end = made / "end"
    runs = [demonstrate(made, end) for _ in range(2)]

    printed = sorted(first_line(process) for process in runs)
    end.touch()
    for process in runs:
        output(process)

    assert printed[0].startswith("found http://127.0.0.1:")
    assert printed[1].startswith("started http://127.0.0.1:")
    assert printed[0].split()[1] == printed[1].split()[1]


def test_a_stack_is_not_ended_while_it_is_used(made: Path) -> None:
    owner = demonstrate(made, made / "owner_ends")
    assert first_line(owner).startswith("started")
    guest = demonstrate(made, made / "guest_ends")
    assert first_line(guest).startswith("found")

    (made / "owner_ends").touch()
    assert "Another demonstration" in first_line(owner)
    assert guest.poll() is None
    (made / "guest_ends").touch()
    output(owner)
    output(guest)
    assert guest.returncode == 0


@pytest.mark.parametrize(
    ("number", "after"),
    [
        (signal.SIGINT, 0.0),
        (signal.SIGINT, 0.3),
        (signal.SIGINT, 0.8),
        (signal.SIGINT, 1.5),
        (signal.SIGTERM, 0.8),
        (signal.SIGHUP, 0.3),
    ],
)
def test_an_interrupted_start_leaves_nothing(
    project: Path, number: signal.Signals, after: float
) -> None:
    process = demonstrate(project, project / "never")
    while not (project / ".edge" / "demo.lock").exists():
        time.sleep(0.01)
    time.sleep(after)
    process.send_signal(number)

    assert output(process).rstrip().endswith("interrupted")


def test_a_stack_that_cannot_start_says_why(project: Path) -> None:
    for name in ("functions", "supabase"):
        shutil.rmtree(project / name)

    assert output(demonstrate(project)).startswith("failed ")
