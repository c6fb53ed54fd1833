"""A gateway process that is started from nothing: the other way than a fork, see the supervisor.

It is given the descriptors of what all processes share, and the settings through its stdin, which
no other process can read.
"""

import mmap
import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

from edge.production.process import GatewayProcess, Readiness
from edge.production.settings import Instance
from edge.production.shared_metrics import MetricsBoard
from edge.production.writer import LineWriter
from edge.runtime.launch.prctl import die_with_parent


@dataclass(frozen=True, slots=True)
class Shared:
    """Descriptors that all processes have: of the listening socket, the log's lock, the boards."""

    listener: int
    lock: int
    readiness: int
    metrics: tuple[int, ...]


def start(instance: Instance, shared: Shared, index: int) -> int:
    """Start the process of that index and return its pid, which the caller has to wait for."""
    descriptors = (shared.listener, shared.lock, shared.readiness, *shared.metrics)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "edge.production.started"],
        stdin=subprocess.PIPE,
        pass_fds=descriptors,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:  # it has ended already, which the caller sees
        pickle.dump((instance, shared, index, os.getpid()), process.stdin)
    process.returncode = 0  # so that it is not waited for a second time
    return process.pid


def main() -> None:
    """Serve until a stop signal."""
    instance, shared, index, parent = pickle.load(sys.stdin.buffer)  # noqa: S301 - our parent's
    die_with_parent(parent)
    size = os.fstat(shared.readiness).st_size
    GatewayProcess(
        instance,
        socket.socket(fileno=shared.listener),
        LineWriter(sys.stdout.fileno(), shared.lock),
        Readiness(mmap.mmap(shared.readiness, size), index),
        MetricsBoard(shared.metrics),
    ).run()


if __name__ == "__main__":
    main()
