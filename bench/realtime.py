"""Realtime: from a commit to the client, deliveries a second, idle sockets.

The floor is LISTEN/NOTIFY of the same Postgres in the same run: a trigger that notifies, and one
connection that listens. Clients only read bytes, and the time is when a change has reached the
client's socket, so that their own share stays small.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

import psycopg

from bench.pipeline import stack
from bench.support.machine import print_machine
from bench.support.sockets import Client, frame, read_all
from bench.support.statistics import Series, print_at_least, print_at_most
from edge.emulator.postgres.cluster import Cluster
from tests.support.process_tree import family, proportional_bytes

_SCHEMA: Final = """
create table public.bench_changes (id bigint generated always as identity primary key, at float8);
create table public.bench_floor (at float8);
alter publication supabase_realtime add table public.bench_changes;
grant all on public.bench_changes to anon, authenticated, service_role;
create function public.bench_notify() returns trigger language plpgsql as $$
begin perform pg_notify('bench', new.at::text); return new; end $$;
create trigger notify after insert on public.bench_floor
  for each row execute function public.bench_notify();
"""
_WRITES: Final = """
create table bench_writes (id bigint generated always as identity primary key, n int, title text);
create procedure bench_write(count int) language plpgsql as $$
declare added bigint;
begin
  for number in 1..count loop
    insert into bench_writes (n, title) values (number, repeat('x', 100)) returning id into added;
    commit;
    update bench_writes set n = n + 1 where id = added;
    commit;
    delete from bench_writes where id = added;
    commit;
  end loop;
end $$;
"""
_PATIENCE_SECONDS: Final = 30.0
_MARK: Final = b'"at":'
_INSERT: Final = """
import sys, time, psycopg
dsn, table, count, gap = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
with psycopg.connect(dsn, autocommit=True) as connection:
    for _ in range(count):
        began = time.time()
        connection.execute(f"insert into public.{table} (at) values (%s)", (began,))
        time.sleep(max(0.0, gap - (time.time() - began)))
"""


@contextmanager
def _clients(details: Mapping[str, str], count: int) -> Generator[list[Client]]:
    clients = [Client.open(details["API_URL"], details["ANON_KEY"]) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.connection.close()


def measure_changes(
    details: Mapping[str, str], subscribers: int, changes: int
) -> tuple[Series, Series, Series, Series]:
    """Insert 100 rows a second while `subscribers` watch; returns the times to the clients.

    Of each change: to all clients, to the first, to the one in the middle, and to the last.
    """
    entry = {"event": "*", "schema": "public", "table": "bench_changes"}
    with _clients(details, subscribers) as clients:
        for client in clients:
            client.join("changes", postgres_changes=[entry])
        with _inserting(details["DB_URL"], "bench_changes", changes) as process:
            read_all(clients, lambda: process.poll() is not None, _PATIENCE_SECONDS)
        with suppress(TimeoutError):  # a busy machine takes its time
            read_all(clients, lambda: _have_all(clients, changes), _PATIENCE_SECONDS)
        times = [[_delay(*each) for each in client.messages()] for client in clients]
    assert all(len(each) == changes for each in times), "changes were lost"
    by_change = [sorted(each) for each in zip(*times, strict=True)]
    name = f"commit to {subscribers} clients"
    return (
        Series(f"{name}, 100 changes/s", [value for each in by_change for value in each]),
        Series(f"{name}, the first", [each[0] for each in by_change]),
        Series(f"{name}, the middle", [each[len(each) // 2] for each in by_change]),
        Series(f"{name}, the last", [each[-1] for each in by_change]),
    )


def _have_all(clients: list[Client], changes: int) -> bool:
    return all(
        b"".join(data for _, data in client.chunks).count(_MARK) >= changes for client in clients
    )


def _delay(moment: float, message: bytes) -> float:
    start = message.index(_MARK) + len(_MARK)
    text = message[start : message.index(b"}", start)]
    return (moment - float(text.partition(b",")[0])) * 1000


@contextmanager
def _inserting(dsn: str, table: str, count: int) -> Generator["subprocess.Popen[bytes]"]:
    """Insert 100 rows a second in a process of its own."""
    command = [sys.executable, "-c", _INSERT, dsn, table, str(count), "0.01"]
    with subprocess.Popen(command) as process:
        yield process
        assert process.wait() == 0


def measure_floor(details: Mapping[str, str], count: int) -> Series:
    """Insert rows whose trigger notifies; returns the times to a listening connection."""
    values: list[float] = []
    with psycopg.connect(details["DB_URL"], autocommit=True) as listener:
        listener.execute("listen bench")
        with _inserting(details["DB_URL"], "bench_floor", count):
            for notification in listener.notifies(timeout=10, stop_after=count):
                values.append((time.time() - float(notification.payload)) * 1000)
    return Series("LISTEN/NOTIFY, the floor", values)


def measure_deliveries(details: Mapping[str, str], receivers: int, messages: int) -> float:
    """Send broadcasts to a channel of `receivers`; returns deliveries a second."""
    data = frame(["1", "1", "realtime:room", "broadcast", {"event": "hi", "payload": {"n": 1}}])
    with _clients(details, receivers + 1) as (sender, *others):
        for client in (sender, *others):
            client.join("room")
        sender.connection.sendall(data)
        read_all(others, lambda: all(each.received for each in others), _PATIENCE_SECONDS)
        wanted = sum(each.received for each in others) * (messages + 1)
        sending = Thread(target=sender.connection.sendall, args=(data * messages,))
        began = time.perf_counter()
        sending.start()
        read_all(others, lambda: sum(each.received for each in others) >= wanted, _PATIENCE_SECONDS)
        seconds = time.perf_counter() - began
        sending.join()
    return len(others) * messages / seconds


def measure_idle(details: Mapping[str, str], count: int, pid: int) -> float:
    """Return the memory that idle sockets with a channel take in the stack, in MB."""
    before = proportional_bytes(family(pid)[:1])
    with _clients(details, count) as clients:
        for client in clients:
            client.join("idle")
        return (proportional_bytes(family(pid)[:1]) - before) / 1e6


def measure_writes(rounds: int) -> float:
    """Return the time of writes when nobody listens, as a share of a Postgres without Realtime.

    The other Postgres is the same one with wal_level=replica; the table is published in ours.
    """
    with ExitStack() as exits:
        folder = Path(exits.enter_context(TemporaryDirectory(prefix="edge-bench-")))
        connections: list[psycopg.Connection] = []
        for name, settings in (("ours", ()), ("floor", ("wal_level=replica",))):
            cluster = Cluster(folder / name, durable=False, settings=settings)
            exits.callback(cluster.stop)
            cluster.start()
            connection = exits.enter_context(psycopg.connect(cluster.dsn(), autocommit=True))
            connection.execute(_WRITES.encode())
            connections.append(connection)
        connections[0].execute("create publication supabase_realtime for table bench_writes")
        times = [[_write(connection) for connection in connections] for _ in range(rounds)]
    return statistics.median(ours / floor for ours, floor in times[rounds // 10 :])


def _write(connection: psycopg.Connection) -> float:
    """Insert, update and delete rows one by one; returns the seconds."""
    began = time.perf_counter()
    connection.execute("call bench_write(500)")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2000, help="idle sockets (2000)")
    arguments = parser.parse_args()
    print_machine()
    with stack("hello") as started:
        details = dict(started)
        with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
            connection.execute(_SCHEMA.encode())
        floor = measure_floor(details, 300)
        everyone, *parts = measure_changes(details, 100, 300)
        print(floor, everyone, *parts, sep="\n")
        print(f"commit to client, p50: {everyone.p50 - floor.p50:.2f} ms above the floor")
        print_at_most("commit to client, p50", everyone.p50, 2, "ms")
        print_at_most("commit to client, p99", everyone.p99, 10, "ms")
        rate = measure_deliveries(details, 100, 2000)
        print_at_least("broadcast deliveries", rate, 20_000, "a second")
        memory = measure_idle(details, arguments.sockets, int(details["PID"]))
        per_socket = memory * 1e6 / arguments.sockets / 1000
        print_at_most("memory of an idle socket", per_socket, 80, "kB")
    print_at_most(
        "writes when nobody listens, of a Postgres without Realtime",
        100 * measure_writes(40),
        103,
        "%",
    )


if __name__ == "__main__":
    main()
