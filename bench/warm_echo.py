"""Warm answers of an echo function: through the gateway, against functions-framework alone.

Ours passes two processes, the gateway and the worker; the peer's one has no gateway before it.
The two take turns in short rounds. What else the machine does can only take away from either, and
takes more from two processes than from one: the best round of each is what they can do.
"""

import argparse
import json
import statistics
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.peer import functions_framework
from bench.support.statistics import Series, print_at_least, print_at_most
from tests.support.processes import ROOT, free_port, python, running, wait_answer

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
        running(python("-m", "bench.support.serve", str(ours.port))),
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
    share = ours.rate / peer.rate
    by_round = sorted(load.rate / peers.rate for load, peers in loads)
    print(
        f"requests a second, ours of the peer's: {share:.0%}, best against best; "
        f"by round: median {statistics.median(by_round):.0%}, "
        f"from {by_round[0]:.0%} to {by_round[-1]:.0%}"
    )
    return Comparison(ours.series, peer.series, share)


@dataclass(frozen=True, slots=True)
class _Summary:
    series: Series
    rate: float


def _summarise(contender: Contender, loads: Sequence[Load]) -> _Summary:
    """All latencies, and the best round's requests a second."""
    series = Series(contender.name, [latency for load in loads for latency in load.latencies])
    rates = [load.rate for load in loads]
    print(
        f"{series}   {max(rates):,.0f} requests/s in the best round, "
        f"median {statistics.median(rates):,.0f}"
    )
    return _Summary(series, max(rates))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1)
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
