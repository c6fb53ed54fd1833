"""Servers of ours and of the peers, as whole processes, and one plain HTTP request."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.waiting import PATIENCE

ROOT: Final = Path(__file__).parents[2]
_DEADLINE: Final = PATIENCE


def free_port() -> int:
    """Return a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(
    command: Sequence[str], folder: Path | None = None, /, **variables: str
) -> Generator[subprocess.Popen[bytes]]:
    """Run `command` in `folder` until the block ends; `variables` are added to its environment."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        process.wait()


def ask(port: int, path: str = "/", body: bytes | None = None) -> bytes:
    """The body of the answer to one GET, or POST of JSON, on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
    headers = {} if body is None else {"content-type": "application/json"}
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def wait_answer(port: int, path: str = "/", body: bytes | None = None) -> bytes:
    """The first answer of a server that is just starting."""
    deadline = time.monotonic() + _DEADLINE
    while True:
        try:
            return ask(port, path, body)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def python(*arguments: str) -> list[str]:
    """A command in our own virtual environment."""
    return [sys.executable, *arguments]
