"""Instances of `edge serve --production` behind the plain TCP balancer."""

import os
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

from tests.support.process_tree import family
from tests.support.processes import free_port, python, running, wait_answer

_READY_SECONDS: Final = 180
_OPTIONS: Final = ("--production", "--host", "127.0.0.1", "--processes", "1")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Instances behind a balancer's port; `ports` are their own."""

    port: int
    ports: Sequence[int]
    instances: Sequence[Popen[bytes]]

    @property
    def functions_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/functions/v1"

    @property
    def pids(self) -> list[int]:
        return [pid for instance in self.instances for pid in family(instance.pid)]

    def kill_one(self) -> None:
        """All its processes at once, as when its machine is gone."""
        for pid in family(self.instances[0].pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.instances[0].wait()


@contextmanager
def fleet(root: Path, variables: Mapping[str, str], count: int, *options: str) -> Generator[Fleet]:
    """So many instances of the project at `root`, ready, behind a balancer.

    A function calls another through the balancer too, whatever SUPABASE_URL says.
    """
    balancer, ports = free_port(), [free_port() for _ in range(count)]
    template = {"EDGE_FUNCTIONS_URL": f"http://127.0.0.1:{balancer}/functions/v1/{{name}}"}
    serve = ("-m", "edge", "serve", *_OPTIONS, "--workdir", str(root), *options)
    with ExitStack() as exits:
        instances = [
            exits.enter_context(
                running(python(*serve, "--port", str(port)), **variables, **template)
            )
            for port in ports
        ]
        for port in ports:
            _wait_ready(port)
        backends = map(str, ports)
        exits.enter_context(running(python("-m", "tests.chaos.balancer", str(balancer), *backends)))
        wait_answer(balancer, "/_internal/live")
        yield Fleet(balancer, ports, instances)


def _wait_ready(port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while b"ok" not in wait_answer(port, "/_internal/health"):
        assert time.monotonic() < deadline, "an instance does not become ready"
        time.sleep(0.05)
