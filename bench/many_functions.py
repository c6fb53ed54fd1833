"""Twenty functions and two hundred clients: one runtime against a server process each.

Each function imports supabase, openai and anthropic. Memory is the PSS of all processes together,
after the load. The two never run at the same time, so that they share no pages with each other.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from bench.support.load import Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.peer import functions_framework
from bench.support.statistics import print_at_least, print_at_most
from tests.support.process_tree import family, proportional_bytes
from tests.support.processes import ROOT, free_port, python, running, wait_answer

_FUNCTION: Final = ROOT / "bench/functions/mixed"
_READY: Final = b'{"wait_ms":0}'
_MEGABYTE: Final = 1 << 20
_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Address:
    """Where a function answers."""

    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request, and how many of a hundred are of it."""

    share: int
    wait_ms: int
    size: int


@dataclass(frozen=True, slots=True)
class Served:
    """Functions that answer, and the processes that serve them."""

    addresses: Sequence[Address]
    roots: Sequence[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a contender did under a load, and what it took afterwards."""

    p99: float
    errors: int
    memory: int


MIXED: Final = (Kind(50, 0, 200), Kind(10, 0, 32_000), Kind(30, 50, 2000), Kind(10, 200, 2000))


@contextmanager
def ours(count: int) -> Generator[Served]:
    """One gateway for all functions, each of which has answered once."""
    with tempfile.TemporaryDirectory() as folder:
        names = [f"copy_{number}" for number in range(count)]
        for name in names:
            shutil.copytree(_FUNCTION, Path(folder, "functions", name))
        port = free_port()
        with running(python("-m", "bench.support.serve", str(port), folder)) as process:
            paths = [f"/functions/v1/{name.replace('_', '-')}" for name in names]
            for path in paths:
                assert json.loads(wait_answer(port, path, _READY)) == {"wait_ms": 0}
            yield Served([Address(port, path) for path in paths], [process.pid])


@contextmanager
def theirs(count: int) -> Generator[Served]:
    """A server for each function, two starting at a time."""
    ports = [free_port() for _ in range(count)]
    roots: list[int] = []
    with ExitStack() as stack:
        for start in range(0, count, _AT_ONCE):
            for port in ports[start : start + _AT_ONCE]:
                command = functions_framework(_FUNCTION / "main.py", port)
                roots.append(stack.enter_context(running(command)).pid)
            for port in ports[start : start + _AT_ONCE]:
                wait_answer(port, "/", _READY)
        yield Served([Address(port, "/") for port in ports], roots)


def measure(served: Served, options: argparse.Namespace) -> Outcome:
    """Load the functions a few times, then look at the memory."""
    visitors = make_visitors(served.addresses, options.clients)
    loads = [run_load(Plan(visitors, options.seconds)) for _ in range(options.rounds)]
    for load in loads:
        print(f"  {load.series('round')}   {load.rate:,.0f} requests/s   {len(load.errors)} errors")
    members = [member for root in served.roots for member in family(root)]
    memory = proportional_bytes(members)
    print(f"  {len(members)} processes, {memory / _MEGABYTE:,.0f} MB (PSS)")
    p99 = statistics.median(load.series("").p99 for load in loads)
    return Outcome(p99, sum(len(load.errors) for load in loads), memory)


def make_visitors(addresses: Sequence[Address], clients: int) -> list[Visitor]:
    """As many clients for each function, each with the kinds of requests in an order of its own."""
    random = Random(0)
    bodies = [render_body(kind) for kind in MIXED for _ in range(kind.share)]
    visitors: list[Visitor] = []
    for number in range(clients):
        address = addresses[number % len(addresses)]
        random.shuffle(bodies)
        requests = [render_request(address.path, body) for body in bodies[:20]]
        visitors.append(Visitor(address.port, requests))
    return visitors


def render_body(kind: Kind) -> str:
    """What is sent, and comes back."""
    return json.dumps({"wait_ms": kind.wait_ms, "text": "x" * kind.size})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=20)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    print_machine()
    print("edge, one gateway")
    with ours(options.functions) as served:
        edge = measure(served, options)
    print("functions-framework --asgi, a process for each function")
    with theirs(options.functions) as served:
        framework = measure(served, options)
    print_at_least("memory of all functions", framework.memory / edge.memory, 7, "times less")
    print_at_most("errors", edge.errors, 0, "of all requests")
    print_at_most("p99 against the peer's", edge.p99 / framework.p99, 2, "times as long")


if __name__ == "__main__":
    main()
