"""Run the `edge` command as a process, for tests of the command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

DEADLINE = 40
EDGE = (sys.executable, "-m", "edge")


def shell(**extra: str) -> dict[str, str]:
    """Return an environment without this machine's projects and keys."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def edge(
    folder: Path,
    *arguments: str,
    command: tuple[str, ...] = EDGE,
    environ: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in the project's folder."""
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=shell() if environ is None else environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def serving(
    folder: Path,
    *arguments: str,
    command: tuple[str, ...] = EDGE,
    environ: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Run a command that serves until the block ends; return what it announced."""
    log = folder / "serving.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *arguments, "-o", "json"],
            cwd=folder,
            env=shell() if environ is None else environ,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
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
