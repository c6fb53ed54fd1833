"""Run the `edge` command in a process, for tests of the command line."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.operating_system import switch
from tests.support.edge_process import EdgeProcess
from tests.support.made_database import give_database
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

DEADLINE = PATIENCE


def shell(**extra: str) -> dict[str, str]:
    """Return an environment without this machine's projects and keys."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **switch(), "PYTHONPATH": str(ROOT), **extra}


def edge(
    folder: Path,
    *arguments: str,
    command: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
    deadline: float = DEADLINE,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, of `edge` or of another program, in the project's folder."""
    process = _open(
        folder,
        *(*command, *arguments),
        is_ours=not command,
        environ=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            out, err = process.communicate(timeout=deadline)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _open(
    folder: Path,
    *arguments: str,
    is_ours: bool,
    environ: Mapping[str, str] | None,
    **files: Any,
) -> "subprocess.Popen[str]":
    program = EdgeProcess if is_ours else subprocess.Popen
    environ = shell() if environ is None else environ
    return program(arguments, cwd=folder, env=environ, text=True, **files)


@contextmanager
def serving(
    folder: Path,
    *arguments: str,
    command: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Run a command that serves until the block ends; return what it announced.

    A stack of ours finds the database that its first start would make.
    """
    if arguments[0] == "start" and not command:
        give_database(folder)
    log = folder / "serving.log"
    with log.open("wb") as out:
        process = _open(
            folder,
            *(*command, *arguments, "-o", "json"),
            is_ours=not command,
            environ=environ,
            stdout=subprocess.PIPE,
            stderr=out,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, log.read_text()
