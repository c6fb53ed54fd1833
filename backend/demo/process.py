"""The `edge` command as a process: asking for a running stack, starting one, ending it."""

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
    """There is no stack to use; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class StackDetails:
    """Where a running stack listens and what opens it."""

    api_url: str
    db_url: str
    anon_key: str
    service_role_key: str
    secret_key: str
    was_running: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the project's stack; neither details nor in transition: none runs."""

    details: StackDetails | None = None
    is_in_transition: bool = False


def ask_status(root: Path) -> Status:
    """Whether a stack serves the project, or will, or did until just now."""
    asked = subprocess.run(
        _edge(root, "status", "-o", "json"), capture_output=True, text=True, check=False
    )
    if asked.returncode != 0:
        return Status(is_in_transition="starting" in asked.stderr)
    details: dict[str, Any] = json.loads(asked.stdout)
    if "API_URL" not in details or not _listens(details["API_URL"]):
        return Status(is_in_transition=True)
    return Status(_read_details(details, was_running=True))


class StackProcess:
    """A stack of our own, at the usual ports if they are free."""

    def __init__(self, root: Path, log_file: Path) -> None:
        self._root, self._log_file = root, log_file
        log_file.parent.mkdir(exist_ok=True)
        self._has_usual_ports = _is_free(_API_PORT) and _is_free(_DB_PORT)
        self._start(() if self._has_usual_ports else _ANY_PORTS)

    def _start(self, ports: tuple[str, ...]) -> None:
        with self._log_file.open("w") as log:
            self._process = subprocess.Popen(
                _edge(self._root, "start", "-o", "json", "--no-reload", *ports),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C is for us; we end it in our own time
            )

    def wait_ready(self) -> StackDetails | None:
        """Its details, or None once it has given up: then `last_words` say why."""
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

    def last_words(self) -> str:
        return self._log_file.read_text().strip() or "The stack ended without a word."

    def end(self) -> None:
        """Stop it, and wait until nothing of it is left."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as exc:
            pid = self._process.pid
            raise StackError(f"The stack does not end. Do it by hand: kill -9 {pid}") from exc


def _edge(root: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge", *arguments, "--workdir", str(root)]


def _read_details(details: dict[str, Any], *, was_running: bool) -> StackDetails:
    if "DB_URL" not in details:
        raise StackError(
            "The stack of this project runs on a hosted project, which is no place for a"
            " demonstration. Stop it first: .venv/bin/edge stop"
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
