"""Realtime: from a commit to the client, deliveries a second, idle sockets.

The floor is LISTEN/NOTIFY of the same Postgres in the same run: a trigger that notifies, and one
connection that listens. Sockets are raw ones of this process, so that its own share stays small.
"""

import argparse
import asyncio
import base64
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

import psycopg

from bench.pipeline import stack
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most
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
_PATIENCE_SECONDS: Final = 20.0
_MARK: Final = b'"at":'


@dataclass(slots=True)
class Socket:
    """A WebSocket client that counts messages; `times` are of those that carry `at`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    messages: int = 0
    times: list[float] = field(default_factory=list[float])

    @classmethod
    async def open(cls, url: str, key: str) -> "Socket":
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
        nonce = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /realtime/v1/websocket?apikey={key}&vsn=2.0.0 HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head, head
        return cls(reader, writer)

    def send(self, message: Any) -> None:
        data = json.dumps(message).encode()
        size = len(data)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2)
        self.writer.write(head + b"\0\0\0\0" + data)  # a mask of zeros leaves the bytes as they are

    async def join(self, name: str, **config: Any) -> None:
        self.send(["1", "1", f"realtime:{name}", "phx_join", {"config": config}])
        wanted = b"Subscribed" if "postgres_changes" in config else b"phx_reply"
        while wanted not in await self.receive():
            pass

    async def receive(self) -> bytes:
        head = await self.reader.readexactly(2)
        size = head[1]
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8))
        return await self.reader.readexactly(size)

    async def count(self) -> None:
        """Count messages until the connection ends."""
        while True:
            data = await self.receive()
            now = time.time()
            self.messages += 1
            if (start := data.find(_MARK)) >= 0:
                end = min(data.index(b"}", start), len(data))
                self.times.append((now - float(data[start + len(_MARK) : end])) * 1000)


async def _with_sockets(
    details: dict[str, str], count: int, work: Callable[[list[Socket]], Awaitable[Any]]
) -> Any:
    url, key = details["API_URL"], details["ANON_KEY"]
    sockets = [await Socket.open(url, key) for _ in range(count)]
    try:
        return await work(sockets)
    finally:
        for socket in sockets:
            socket.writer.close()


async def measure_changes(details: dict[str, str], subscribers: int, changes: int) -> Series:
    """Insert 100 rows a second while `subscribers` watch; returns the times to the clients."""

    async def work(sockets: list[Socket]) -> Series:
        entry = {"event": "*", "schema": "public", "table": "bench_changes"}
        for socket in sockets:
            await socket.join("changes", postgres_changes=[entry])
        readers = [asyncio.create_task(socket.count()) for socket in sockets]
        await asyncio.to_thread(_insert, details["DB_URL"], "bench_changes", changes)
        until = time.monotonic() + _PATIENCE_SECONDS
        while any(len(socket.times) < changes for socket in sockets):
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.05)
        for reader in readers:
            reader.cancel()
        assert all(len(socket.times) == changes for socket in sockets), "changes were lost"
        values = [each for socket in sockets for each in socket.times]
        return Series(f"commit to {subscribers} clients, 100 changes/s", values)

    return cast("Series", await _with_sockets(details, subscribers, work))


def _insert(dsn: str, table: str, count: int) -> None:
    query = f"insert into public.{table} (at) values (%s)"
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(count):
            began = time.time()
            connection.execute(query.encode(), (began,))
            time.sleep(max(0.0, 0.01 - (time.time() - began)))


async def measure_floor(details: dict[str, str], count: int) -> Series:
    """Insert rows whose trigger notifies; returns the times to a listening connection."""
    values: list[float] = []
    listener = await psycopg.AsyncConnection.connect(details["DB_URL"], autocommit=True)
    async with listener:
        await listener.execute("listen bench")
        inserting = asyncio.create_task(
            asyncio.to_thread(_insert, details["DB_URL"], "bench_floor", count)
        )
        async for notification in listener.notifies(timeout=5, stop_after=count):
            values.append((time.time() - float(notification.payload)) * 1000)
        await inserting
    return Series("LISTEN/NOTIFY, the floor", values)


async def measure_deliveries(details: dict[str, str], receivers: int, messages: int) -> float:
    """Send broadcasts to a channel of `receivers`; returns deliveries a second."""

    async def work(sockets: list[Socket]) -> float:
        for socket in sockets:
            await socket.join("room")
        sender, *others = sockets
        readers = [asyncio.create_task(socket.count()) for socket in others]
        began = time.perf_counter()
        payload = {"type": "broadcast", "event": "hi", "payload": {"n": 1}}
        for number in range(messages):
            sender.send(["1", str(number), "realtime:room", "broadcast", payload])
            if number % 20 == 0:
                await sender.writer.drain()
                await asyncio.sleep(0)
        while any(socket.messages < messages for socket in others):  # noqa: ASYNC110 - counters
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
        for reader in readers:
            reader.cancel()
        return len(others) * messages / seconds

    return cast("float", await _with_sockets(details, receivers + 1, work))


async def measure_idle(details: dict[str, str], count: int, pid: int) -> float:
    """Return the memory that idle sockets with a channel take in the stack, in MB."""
    before = proportional_bytes(family(pid)[:1])

    async def work(sockets: list[Socket]) -> float:
        for socket in sockets:
            await socket.join("idle")
        return (proportional_bytes(family(pid)[:1]) - before) / 1e6

    return cast("float", await _with_sockets(details, count, work))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2000, help="idle sockets (2000)")
    arguments = parser.parse_args()
    print_machine()
    with stack("hello") as started:
        details = dict(started)
        with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
            connection.execute(_SCHEMA.encode())
        floor = asyncio.run(measure_floor(details, 300))
        changes = asyncio.run(measure_changes(details, 100, 300))
        print(floor, changes, sep="\n")
        print_at_most("commit to client, p50", changes.p50, 2, "ms")
        print_at_most("commit to client, p99", changes.p99, 10, "ms")
        rate = asyncio.run(measure_deliveries(details, 100, 2000))
        print_at_least("broadcast deliveries", rate, 20_000, "a second")
        memory = asyncio.run(measure_idle(details, arguments.sockets, int(details["PID"])))
        per_socket = memory * 1e6 / arguments.sockets / 1000
        print_at_most("memory of an idle socket", per_socket, 80, "kB")


if __name__ == "__main__":
    main()
