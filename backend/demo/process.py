"""Processes of `edge`: query the status of a stack, start one, end it."""

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

_API_PORT: Final = 54321
_DB_PORT: Final = 54322
_ANY_PORTS: Final = ("--port", "0", "--db-port", "0")
_STOP_SECONDS: Final = 40


class StackError(Exception):
    """There is no usable stack; the message has cause and cure."""


@dataclass(frozen=True, slots=True)
class StackDetails:
    """URLs and keys of a running stack."""

    api_url: str
    db_url: str
    anon_key: str
    service_role_key: str
    secret_key: str
    was_running: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Status of the project's stack; without details and not in transition, none runs."""

    details: StackDetails | None = None
    is_in_transition: bool = False


def fetch_status(root: Path) -> Status:
    """Run `edge status`; a stack that is starting or stopping is in transition."""
    status = subprocess.run(
        _edge(root, "status", "-o", "json"), capture_output=True, text=True, check=False
    )
    if status.returncode != 0:
        return Status(is_in_transition="starting" in status.stderr)
    details: dict[str, Any] = json.loads(status.stdout)
    if "API_URL" not in details or not _listens(details["API_URL"]):
        return Status(is_in_transition=True)
    return Status(_read_details(details, was_running=True))


class StackProcess:
    """Stack started by the demonstration, on `port`, or the usual ports if they are free."""

    def __init__(self, root: Path, log_file: Path, port: int | None = None) -> None:
        self._root, self._log_file = root, log_file
        log_file.parent.mkdir(exist_ok=True)
        self._has_usual_ports = port is None and _is_free(_API_PORT) and _is_free(_DB_PORT)
        if port is not None:
            self._start(("--port", str(port), "--db-port", "0"))
        else:
            self._start(() if self._has_usual_ports else _ANY_PORTS)

    def _start(self, ports: tuple[str, ...]) -> None:
        with self._log_file.open("w") as log:
            self._process = subprocess.Popen(
                _edge(self._root, "start", "-o", "json", "--no-reload", *ports),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches only this process, which then ends it
            )

    def wait_ready(self) -> StackDetails | None:
        """Return its details, or None if it exited: `read_log` has the reason."""
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            line = stdout.readline()
        if line:
            return _read_details(json.loads(line), was_running=False)
        self._process.wait(_STOP_SECONDS)
        if self._has_usual_ports and not (_is_free(_API_PORT) and _is_free(_DB_PORT)):
            self._has_usual_ports = False  # another stack took them in the meantime
            self._start(_ANY_PORTS)
            return self.wait_ready()
        return None

    def read_log(self) -> str:
        """Return what the stack logged."""
        return self._log_file.read_text().strip() or "The stack ended without output."

    def end(self) -> None:
        """Stop the stack and wait for its end. Raises StackError after 40 s."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as exc:
            pid = self._process.pid
            raise StackError(f"The stack does not end. Kill it: kill -9 {pid}") from exc


def _edge(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge", *arguments, "--workdir", str(root)]


def _read_details(details: dict[str, Any], *, was_running: bool) -> StackDetails:
    if "DB_URL" not in details:
        raise StackError(
            "The stack of this project uses a hosted project; the demonstration needs a local"
            " database. Stop it first: .venv/bin/edge stop"
        )
    return StackDetails(
        api_url=details["API_URL"],
        db_url=details["DB_URL"],
        anon_key=details["ANON_KEY"],
        service_role_key=details["SERVICE_ROLE_KEY"],
        secret_key=details["SECRET_KEY"],
        was_running=was_running,
    )


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5).close()
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
