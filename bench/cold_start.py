"""Cold start of a function that imports supabase, openai and anthropic; ours against two peers.

Ours: through the gateway, no worker of the function running, the zygote up, as it is after
`edge start`. The peers: from the start of their process to the first response, which is what a
platform does to serve a cold function with them. All take turns, round by round, so that other
load of the machine affects all of them.
"""

import argparse
import json
import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from bench.deployed import measure_deployed
from bench.support.machine import print_machine
from bench.support.peer import DENO, deno, functions_framework
from bench.support.statistics import Series, print_at_least, print_at_most, print_ratio
from edge.operating_system import is_alive
from tests.support.processes import ROOT, ask, free_port, python, running, wait_answer

_PATH = "/functions/v1/heavy"
_SOURCE = ROOT / "bench/functions/heavy/main.py"


@contextmanager
def gateway(path: str) -> Generator[int]:
    """Start a runtime and return its port once it has served the function at `path`."""
    port = free_port()
    with running(python("-m", "bench.support.serve", str(port))):
        wait_answer(port, path)
        yield port


def measure_ours(port: int, runs: int) -> list[float]:
    """Measure requests, each after killing the worker: every response comes from a new fork."""
    pid = json.loads(ask(port, _PATH))["pid"]
    values: list[float] = []
    for _ in range(runs):
        _end(pid)
        began = time.perf_counter()
        answer = json.loads(ask(port, _PATH))
        values.append((time.perf_counter() - began) * 1000)
        assert answer["pid"] != pid
        pid = answer["pid"]
    return values


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while is_alive(pid):
        time.sleep(0.001)
    time.sleep(0.02)


def measure_process(command: Callable[[int], list[str]]) -> float:
    """Measure from the start of the process to its first response, in milliseconds; end it."""
    port = free_port()
    began = time.perf_counter()
    with running(command(port)):
        assert b"clients" in wait_answer(port)
        return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="one start of each peer in each")
    parser.add_argument("--runs", type=int, default=10, help="of ours in a round")
    parser.add_argument(
        "--deployed", action="store_true", help="instead, each function alone as it is deployed"
    )
    options = parser.parse_args()
    if options.deployed:
        measure_deployed(options.rounds)
        return
    if not DENO.exists():
        raise SystemExit("deno is not installed: run bench/setup")
    print_machine()
    ours: list[float] = []
    theirs: list[float] = []
    denos: list[float] = []
    with gateway(_PATH) as port:
        for _ in range(options.rounds):
            ours += measure_ours(port, options.runs)
            theirs.append(measure_process(lambda port: functions_framework(_SOURCE, port)))
            denos.append(measure_process(deno))
    edge = Series("edge, through the gateway", ours)
    peers = Series("functions-framework --asgi", theirs), Series("deno run", denos)
    for series in (edge, *peers):
        print(series)
    framework, deno_run = (print_ratio(edge, peer) for peer in peers)
    print_at_most("cold start p50", edge.p50, 40, "ms")
    print_at_most("cold start p99", edge.p99, 100, "ms")
    print_at_least("cold start against functions-framework", framework, 70, "times as fast")
    print_at_least("cold start against Deno", deno_run, 3, "times as fast")


if __name__ == "__main__":
    main()
