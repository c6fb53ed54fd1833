"""A fresh process for each request: policy `oneshot` against a Deno process a request.

Both import supabase, openai and anthropic. The two take turns, round by round.
"""

import argparse
import json
import time

from bench.cold_start import gateway, measure_process
from bench.support.machine import print_machine
from bench.support.peer import DENO, deno
from bench.support.statistics import Series, print_at_least, print_ratio
from tests.support.processes import ask

_PATH = "/functions/v1/oneshot"


def measure_ours(port: int, runs: int) -> list[float]:
    """One request after the other: no two answers come from the same process."""
    values: list[float] = []
    pids: set[int] = set()
    for _ in range(runs):
        began = time.perf_counter()
        answer = ask(port, _PATH)
        values.append((time.perf_counter() - began) * 1000)
        pids.add(json.loads(answer)["pid"])
    assert len(pids) == runs
    return values


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=20, help="of ours in a round")
    parser.add_argument("--peer-runs", type=int, default=5, help="of Deno in a round")
    options = parser.parse_args()
    if not DENO.exists():
        raise SystemExit("deno is not installed: run bench/setup")
    print_machine()
    ours: list[float] = []
    theirs: list[float] = []
    with gateway(_PATH) as port:
        for _ in range(options.rounds):
            ours += measure_ours(port, options.runs)
            theirs += [measure_process(deno) for _ in range(options.peer_runs)]
    edge, peer = Series("edge, policy oneshot", ours), Series("deno run, a process each", theirs)
    print(edge)
    print(peer)
    print_at_least("oneshot against Deno", print_ratio(edge, peer), 3, "times as fast")


if __name__ == "__main__":
    main()
