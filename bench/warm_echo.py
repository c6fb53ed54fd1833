"""Warm answers of an echo function: through the gateway, against functions-framework alone.

Ours passes two processes, the gateway and the worker; the peer's one has no gateway before it.
The two take turns, round by round, so that what else the machine does hits both.
"""

import argparse
import json
import statistics
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.figures import Series, print_at_least, print_at_most
from bench.load import Load, Plan, Visitor, render_request, run_load
from bench.machine import print_machine
from bench.peer import functions_framework
from bench.processes import ROOT, free_port, python, running, wait_answer

_BODY = json.dumps({"name": "Ada", "numbers": [1, 2, 3]}, separators=(",", ":"))
_SOURCE = ROOT / "bench/functions/echo/main.py"


@dataclass(frozen=True, slots=True)
class Contender:
    """Where one of the two answers."""

    name: str
    port: int
    path: str

    def run(self, connections: int, seconds: float) -> Load:
        visitor = Visitor(self.port, [render_request(self.path, _BODY)])
        load = run_load(Plan([visitor] * connections, seconds))
        assert not load.errors, load.errors[:3]
        return load


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the two did at some number of connections; `share` is ours/peer, requests a second."""

    ours: Series
    peer: Series
    share: float


@contextmanager
def contenders() -> Generator[tuple[Contender, Contender]]:
    """Ours and the peer, both warm and answering right."""
    ours = Contender("edge, through the gateway", free_port(), "/functions/v1/echo")
    peer = Contender("functions-framework --asgi", free_port(), "/")
    with (
        running(python("-m", "bench.serve", str(ours.port))),
        running(functions_framework(_SOURCE, peer.port)),
    ):
        for contender in (ours, peer):
            answer = wait_answer(contender.port, contender.path, _BODY.encode())
            assert json.loads(answer) == json.loads(_BODY), answer
        yield ours, peer


def compare(
    pair: tuple[Contender, Contender], connections: int, *, rounds: int, seconds: float
) -> Comparison:
    """Let them take turns, and print what they did."""
    print(f"{connections} connection{'s' * (connections > 1)}")
    loads = [[contender.run(connections, seconds) for contender in pair] for _ in range(rounds)]
    ours, peer = (_summarise(*each) for each in zip(pair, zip(*loads, strict=True), strict=True))
    shares = [load.rate / peers.rate for load, peers in loads]
    listed = " ".join(f"{share:.0%}" for share in shares)
    share = statistics.median(shares)
    print(f"requests a second, ours of the peer's: {share:.0%} (by round: {listed})")
    return Comparison(ours, peer, share)


def _summarise(contender: Contender, loads: Sequence[Load]) -> Series:
    series = Series(contender.name, [latency for load in loads for latency in load.latencies])
    print(f"{series}   {statistics.median(load.rate for load in loads):,.0f} requests/s")
    return series


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    print_machine()
    with contenders() as pair:
        one, many = (
            compare(pair, connections, rounds=options.rounds, seconds=options.seconds)
            for connections in (1, 32)
        )
    print_at_most("warm echo p50 at 1 connection", one.ours.p50, 0.6, "ms")
    print_at_least(
        "warm echo at 32 connections", many.share * 100, 50, "% of the peer's requests/s"
    )


if __name__ == "__main__":
    main()
