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

from bench.figures import Series, print_machine, print_ratio
from bench.processes import ROOT, free_port, get, python, running, wait_answer

_PATH = "/functions/v1/heavy"
_DENO = ROOT / "bench/.peers/bin/deno"


def measure_ours(runs: int) -> Series:
    """Kill the worker, ask again: each answer comes from a fresh fork."""
    port = free_port()
    with running(python("-m", "bench.serve", str(port))):
        pid = json.loads(wait_answer(port, _PATH))["pid"]
        values: list[float] = []
        for _ in range(runs):
            _end(pid)
            began = time.perf_counter()
            answer = json.loads(get(port, _PATH))
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


def functions_framework(port: int) -> list[str]:
    """The deployment contract's own server."""
    source = str(ROOT / "bench/functions/heavy/main.py")
    options = ["--target", "main", "--source", source, "--asgi", "--port", str(port)]
    return python("-m", "functions_framework", *options)


def deno(port: int) -> list[str]:
    """What the platform runs."""
    main = str(ROOT / "bench/peers/deno/main.ts")
    return [str(_DENO), "run", "--no-remote", "--node-modules-dir=manual", "-A", main, str(port)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--peer-runs", type=int, default=10)
    options = parser.parse_args()
    print_machine()
    ours = measure_ours(options.runs)
    print(ours)
    peers = [measure_process("functions-framework --asgi", functions_framework, options.peer_runs)]
    if _DENO.exists():
        peers.append(measure_process("deno run", deno, options.peer_runs))
    else:
        print("deno is not installed: run bench/setup")
    for peer in peers:
        print(peer)
    for peer in peers:
        print_ratio(ours, peer)


if __name__ == "__main__":
    main()
