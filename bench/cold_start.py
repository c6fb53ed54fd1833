"""First answer of a function that imports supabase, openai and anthropic; ours against two peers.

Ours: through the gateway, no worker of the function running, the zygote up, as it is after
`edge start`. The peers: from the start of their process to the first answer, which is what a
platform does to serve a cold function with them.
"""

import argparse
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.figures import Series, print_at_least, print_at_most, print_ratio
from bench.machine import print_machine
from bench.peer import DENO, deno, functions_framework
from bench.processes import ROOT, ask, free_port, python, running, wait_answer

_PATH = "/functions/v1/heavy"
_SOURCE = ROOT / "bench/functions/heavy/main.py"


def measure_ours(runs: int) -> Series:
    """Kill the worker, ask again: each answer comes from a fresh fork."""
    port = free_port()
    with running(python("-m", "bench.serve", str(port))):
        pid = json.loads(wait_answer(port, _PATH))["pid"]
        values: list[float] = []
        for _ in range(runs):
            _end(pid)
            began = time.perf_counter()
            answer = json.loads(ask(port, _PATH))
            values.append((time.perf_counter() - began) * 1000)
            assert answer["pid"] != pid
            pid = answer["pid"]
    return Series("edge, through the gateway", values)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    with suppress(OSError):
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.001)
    time.sleep(0.02)


def measure_process(name: str, command: Callable[[int], list[str]], runs: int) -> Series:
    """Start the process, ask until it answers, end it."""
    values: list[float] = []
    for _ in range(runs):
        port = free_port()
        began = time.perf_counter()
        with running(command(port)):
            assert b"clients" in wait_answer(port)
            values.append((time.perf_counter() - began) * 1000)
    return Series(name, values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--peer-runs", type=int, default=10)
    options = parser.parse_args()
    print_machine()
    ours = measure_ours(options.runs)
    print(ours)
    framework = measure_process(
        "functions-framework --asgi",
        lambda port: functions_framework(_SOURCE, port),
        options.peer_runs,
    )
    print(framework)
    print_at_most("cold start p50", ours.p50, 40, "ms")
    print_at_most("cold start p99", ours.p99, 100, "ms")
    ratio = print_ratio(ours, framework)
    print_at_least("cold start against functions-framework", ratio, 70, "times as fast")
    if not DENO.exists():
        print("deno is not installed: run bench/setup")
        return
    denos = measure_process("deno run", deno, options.peer_runs)
    print(denos)
    print_at_least("cold start against Deno", print_ratio(ours, denos), 3, "times as fast")


if __name__ == "__main__":
    main()
