"""Serve a function of this checkout by the production loader, in a fork with its libraries."""

import atexit
import os
import socket
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from edge.project.manifest import TARGET
from edge.runtime.launch.preload import BASE, ImportScanner, modules_of
from tests.support.fork_server import ForkedProcess, ForkServer
from tests.support.paths import ROOT
from tests.support.processes import free_port
from tests.support.waiting import PATIENCE

_SERVE: Final = """
import sys, uvicorn
from functions_framework.aio import create_asgi_app
target, source, port = sys.argv
app = create_asgi_app(target, source)
uvicorn.run(app, port=int(port), log_level="warning", access_log=False, lifespan="off")
"""
_BOOT_SECONDS: Final = PATIENCE


@dataclass(frozen=True, slots=True)
class ForkedFunction:
    """The process of one function, and its URL on the loopback interface."""

    process: ForkedProcess
    url: str


@contextmanager
def serve_fork(folder: Path, environ: Mapping[str, str], output: Path) -> Generator[ForkedFunction]:
    """Serve the function of a folder until the block ends; it sees the variables of `environ`.

    `edge.testing.serve_process` does the same in a process that imports everything itself.
    """
    server = _server()
    server.preload([*BASE, *modules_of(ImportScanner(ROOT).libraries_of(folder))])
    port = free_port()
    process = server.fork(
        _SERVE,
        *(TARGET, str(folder / "main.py"), str(port)),
        folder=folder,
        environ={**environ, "PYTHONUNBUFFERED": "1"},
        output=output,
    )
    try:
        _wait_for(port, process, output)
        yield ForkedFunction(process, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


@cache
def _server() -> ForkServer:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    server = ForkServer(Path(sys.executable), ROOT, environ)
    atexit.register(server.close)
    return server


def _wait_for(port: int, process: ForkedProcess, output: Path) -> None:
    ends_at = time.monotonic() + _BOOT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert not process.poll(), output.read_text()
            assert time.monotonic() < ends_at, output.read_text()
            time.sleep(0.01)
        else:
            return
