"""A worker as its users start it: `python -m workers`, a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.conftest import RunningStack
from tests.support.paths import ROOT

_STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """The process, and the URL that it listens at."""

    process: "subprocess.Popen[str]"
    url: str

    def stop(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.terminate()
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running_worker(
    stack: RunningStack, *arguments: str, **variables: str
) -> Iterator[RunningWorker]:
    """Run a worker for the stack; killed at the end if it still runs."""
    environment = {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": stack.url,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "workers", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert " listen at " in line, line
        yield RunningWorker(process, line.split(" listen at ")[1].strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
