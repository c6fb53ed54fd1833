"""`edge start`, `status` and `stop` as processes, including failures."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.cli_process import edge
from tests.support.edge_process import EdgeProcess
from tests.support.made_database import give_database
from tests.support.notes_project import add_note, create_notes_project
from tests.support.process_tree import family, is_running, name_of, parent_of
from tests.support.waiting import PATIENCE

DEADLINE = PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    give_database(create_notes_project(tmp_path))
    return tmp_path


class Run:
    """One `edge start`."""

    def __init__(self, project: Path, *options: str, tmp: str | None = None) -> None:
        self.process = EdgeProcess(
            ["start", "--workdir", project, "-o", "json", "--no-reload", *options],
            env={**os.environ, "TMPDIR": tmp} if tmp else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return json.loads(line)

    def end(self, sign: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(sign)
        _, stderr = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, stderr

    def family(self) -> set[int]:
        """Return the pids of the process and its descendants."""
        return set(family(self.process.pid))


def wait_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + DEADLINE
    while alive := {pid for pid in pids if is_running(pid)}:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.02)


@pytest.fixture
def starts(project: Path) -> Iterator[Any]:
    """Start stacks of the project on free ports; end those still running after the test."""
    runs: list[Run] = []

    def start(*options: str) -> Run:
        runs.append(Run(project, *(options or ("--port", "0", "--db-port", "0"))))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)
        for stream in (run.process.stdout, run.process.stderr):
            with suppress(OSError, AttributeError):
                stream.close()  # type: ignore[union-attr]


def test_interrupt_stops_everything_and_the_rows_are_kept(starts: Any) -> None:
    first = starts()
    assert add_note(first.ready()).status_code == 200
    family = first.family()

    status, _ = first.end(signal.SIGINT)

    wait_gone(family)
    assert (status, len(family) > 3) == (0, True)
    with psycopg.connect(starts().ready()["DB_URL"]) as connection:
        assert connection.execute("select count(*) from notes").fetchone() == (1,)


@pytest.mark.linux_only("elsewhere Postgres runs until the next start ends it")
def test_a_killed_run_leaves_no_process_and_the_next_one_recovers(starts: Any) -> None:
    first = starts()
    assert add_note(first.ready()).status_code == 200
    family = first.family()
    first.end(signal.SIGKILL)
    wait_gone(family)

    details = starts().ready()

    assert add_note(details).json() == {"reused": True}


def test_a_second_start_reports_the_first_and_the_cure(starts: Any, project: Path) -> None:
    details = starts().ready()

    second = edge(project, "start")

    assert second.returncode == 2
    assert details["API_URL"] in second.stderr
    assert "edge stop" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_reported(starts: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        run = starts("--port", port, "--db-port", "0")
        _, stderr = run.process.communicate(timeout=DEADLINE)

    assert run.process.returncode == 2
    assert f"Port {port} is taken" in stderr
    assert "--port" in stderr


def test_a_taken_database_port_is_reported(starts: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        run = starts("--port", "0", "--db-port", port)
        _, stderr = run.process.communicate(timeout=DEADLINE)

    assert run.process.returncode == 2
    assert f"Port {port} is taken" in stderr
    assert "--db-port" in stderr


def test_status_and_stop_find_the_running_stack(starts: Any, project: Path) -> None:
    before = edge(project, "status")
    run = starts()
    details = run.ready()
    running = edge(project, "status", "-o", "env")
    stopped = edge(project, "stop")

    assert before.returncode == 2
    assert f'ANON_KEY="{details["ANON_KEY"]}"' in running.stdout
    assert (stopped.returncode, run.process.wait(DEADLINE)) == (0, 0)
    assert edge(project, "status").returncode == 2


def test_a_broken_migration_is_listed_and_the_rest_is_served(starts: Any, project: Path) -> None:
    migrations = project / "supabase" / "migrations"
    (migrations / "20260101000000_create_thing.sql").write_text("create table thing (id nonsense);")

    run = starts("--port", "0", "--db-port", "0")
    details = run.ready()
    live = httpx.get(f"{details['API_URL']}/health", timeout=DEADLINE)
    _, stderr = run.end()

    assert live.status_code == 200
    assert "create_thing.sql:1" in stderr
    assert 'type "nonsense" does not exist' in stderr
    assert "Traceback" not in stderr


def test_nothing_is_left_in_the_temporary_folder(project: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # short: sockets lie below it
        run = Run(project, "--port", "0", "--db-port", "0", tmp=folder)
        assert add_note(run.ready()).status_code == 200
        run.end()

        assert os.listdir(folder) == []


def test_a_killed_stack_s_sockets_are_removed_by_the_next(starts: Any, project: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        killed = Run(project, "--port", "0", "--db-port", "0", tmp=folder)
        killed.ready()
        killed.end(signal.SIGKILL)
        run = Run(project, "--port", "0", "--db-port", "0", tmp=folder)
        run.ready()
        run.end()

        assert os.listdir(folder) == []


def test_a_dead_postgres_is_started_again(starts: Any) -> None:
    run = starts()
    details = run.ready()
    assert add_note(details).status_code == 200
    postgres = next(
        pid
        for pid in run.family()
        if name_of(pid) == "postgres" and parent_of(pid) == run.process.pid
    )
    os.kill(postgres, signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE
    time.sleep(0.1)
    while (answer := add_note(details)).status_code == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert answer.json() == {"reused": True}


def test_an_active_request_finishes_when_the_stack_is_stopped(starts: Any) -> None:
    run = starts()
    details = run.ready()
    with ThreadPoolExecutor(1) as thread, psycopg.connect(details["DB_URL"], autocommit=True) as db:
        waiting = thread.submit(add_note, details, seconds=2)
        while db.execute("select count(*) from notes").fetchone() == (0,):
            time.sleep(0.02)
        db.close()
        status, _ = run.end(signal.SIGTERM)
        answer = waiting.result()

    assert (answer.status_code, status) == (200, 0)
