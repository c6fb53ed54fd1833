"""The local stack as a process of its own: found running, or started and ended again."""

import json
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_API_PORT = 54321
_DB_PORT = 54322
_STOP_DEADLINE = 40


class StackError(Exception):
    """The stack did not start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class StackDetails:
    """Where a running stack listens and what opens it."""

    api_url: str
    db_url: str
    anon_key: str
    service_role_key: str
    secret_key: str
    was_running: bool


@contextmanager
def local_stack(root: Path, *, keep: bool) -> Generator[StackDetails]:
    """The stack of the project at `root`; one that was not running is ended, but for `keep`."""
    running = _find(root)
    if running:
        yield running
        return
    log_file = root / ".edge" / "demo.log"
    log_file.parent.mkdir(exist_ok=True)
    process = _start(root, log_file)
    is_kept = False
    try:
        yield _wait_ready(process, log_file)
        is_kept = keep
    finally:
        if not is_kept:
            process.terminate()
            process.wait(_STOP_DEADLINE)


def _edge(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge", *arguments, "--workdir", str(root)]


def _find(root: Path) -> StackDetails | None:
    asked = subprocess.run(
        _edge(root, "status", "-o", "json"), capture_output=True, text=True, check=False
    )
    return _parse(asked.stdout, was_running=True) if asked.returncode == 0 else None


def _start(root: Path, log_file: Path) -> subprocess.Popen[str]:
    ports: list[str] = []
    if not (_is_free(_API_PORT) and _is_free(_DB_PORT)):
        ports = ["--port", "0", "--db-port", "0"]
    with log_file.open("w") as log:
        return subprocess.Popen(
            _edge(root, "start", "-o", "json", "--no-reload", *ports),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def _wait_ready(process: subprocess.Popen[str], log_file: Path) -> StackDetails:
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    if not line:
        process.wait(_STOP_DEADLINE)
        raise StackError(log_file.read_text().strip() or "the stack ended without a word")
    return _parse(line, was_running=False)


def _parse(text: str, *, was_running: bool) -> StackDetails:
    details = json.loads(text)
    return StackDetails(
        api_url=details["API_URL"],
        db_url=details["DB_URL"],
        anon_key=details["ANON_KEY"],
        service_role_key=details["SERVICE_ROLE_KEY"],
        secret_key=details["SECRET_KEY"],
        was_running=was_running,
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
