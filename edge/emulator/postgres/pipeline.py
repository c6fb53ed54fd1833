"""A connection that sends all statements of a request in one write and reads all results at once.

It stays in libpq's pipeline mode, and the event loop watches its socket as long as it lives:
psycopg's own pipelines register the socket, write and wait statement by statement, and create a
cursor for each, which takes four times as long. Statements up to a synchronization point are one
transaction, so that none needs BEGIN and COMMIT.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGresult

from edge.emulator.postgres.pool import Connector

Value = str | bytes | Sequence[str] | None
Statement = tuple[bytes, tuple[Value, ...]]
"""With $1, $2, … and their values, which Postgres parses as the types that it infers; bytes are in
its binary format (of json and text: UTF-8)."""

_PREPARE_THRESHOLD: Final = 2
_MAX_STATEMENTS: Final = 100
_MAX_PREPARED: Final = 16 * 1024  # bytes of SQL
_CANCEL_SECONDS: Final = 5.0
_TEXT: Final = 0
_BINARY: Final = 1
_SYNC: Final = pq.ExecStatus.PIPELINE_SYNC
_FAILED: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


def encode_value(value: Value) -> bytes | None:
    """Return the value in wire format; raises psycopg.DataError for what no text can hold."""
    if value is None or isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        value = array_literal(value)
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text cannot contain NUL (0x00) bytes")
    try:
        return value.encode()
    except UnicodeEncodeError as exc:
        raise psycopg.DataError(f"text is not valid Unicode: {exc.reason}") from exc


def array_literal(elements: Sequence[str]) -> str:
    """Return `{"a","b"}`, which Postgres parses as an array of any type."""
    escaped = (element.replace("\\", "\\\\").replace('"', '\\"') for element in elements)
    return "{" + ",".join(f'"{element}"' for element in escaped) + "}"


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A statement with its values in wire format."""

    query: bytes
    values: Sequence[bytes | None]
    formats: Sequence[int]


def _encode(query: bytes, values: tuple[Value, ...]) -> _Encoded:
    formats = [_BINARY if isinstance(value, bytes) else _TEXT for value in values]
    return _Encoded(query, [encode_value(value) for value in values], formats)


@dataclass(slots=True)
class _Usage:
    """How often a connection has run a statement; `name` once Postgres has prepared it."""

    count: int = 0
    name: bytes | None = None


_Sent = tuple[_Usage, bytes] | bool
"""What a result is of: a preparation under a name, a statement (True), or neither."""


class PipelineConnection:
    """One connection; `run` is not reentrant."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._socket = self._pgconn.socket
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[list[PGresult]] | None = None
        self._results: list[PGresult] = []
        self._usages: OrderedDict[tuple[bytes, str], _Usage] = OrderedDict()
        self._names = 0
        self._is_broken = False
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    async def run(self, statements: Sequence[Statement], role: str = "") -> list[PGresult]:
        """Run as one transaction, prepared if frequent; returns a result for each statement.

        Raises the first failure's psycopg.Error; later statements are not run. A plan may depend
        on the `role` that an earlier statement sets, so each role has its prepared statements.
        """
        encoded = [_encode(query, values) for query, values in statements]
        if self._is_broken:
            raise psycopg.OperationalError("the connection is closed")
        waiter = self._waiter = self._loop.create_future()
        self._results = []
        try:
            sent = self._send_all(encoded, role)
            return _match_results(sent, await waiter)
        except asyncio.CancelledError:
            self._waiter = None
            self._break(None)
            await self._connection.cancel_safe(timeout=_CANCEL_SECONDS)
            raise

    async def reset(self) -> bool:
        """Roll back a transaction that was left open; returns whether it can be used again."""
        if not self._is_broken and self._pgconn.transaction_status != pq.TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                await self.run([(b"rollback", ())])
            return self._pgconn.transaction_status == pq.TransactionStatus.IDLE
        return not self._is_broken

    def is_healthy(self) -> bool:
        """False if the server has ended the session while it was idle."""
        return not self._is_broken

    def finish(self) -> None:
        self._break(None)
        self._pgconn.finish()

    def _send_all(self, statements: Sequence[_Encoded], role: str) -> list[_Sent]:
        """Write all statements; returns what each expected result is of."""
        usages = [self._count(each.query, role) for each in statements]
        sent: list[_Sent] = []
        for name in self._evict():  # first, for nothing is closed after a failed statement
            self._pgconn.send_close_prepared(name)
            sent.append(False)
        for each, usage in zip(statements, usages, strict=True):
            self._send(each, usage, sent)
        self._pgconn.pipeline_sync()
        self._flush()
        return sent

    def _send(self, each: _Encoded, usage: _Usage, sent: list[_Sent]) -> None:
        name = usage.name
        if name is None and usage.count >= _PREPARE_THRESHOLD and len(each.query) <= _MAX_PREPARED:
            self._names += 1
            name = b"edge_%d" % self._names
            self._pgconn.send_prepare(name, each.query)
            sent.append((usage, name))
        if name is None:
            self._pgconn.send_query_params(each.query, each.values, None, each.formats)
        else:
            self._pgconn.send_query_prepared(name, each.values, each.formats)
        sent.append(True)

    def _count(self, query: bytes, role: str) -> _Usage:
        key = query, role
        usage = self._usages.get(key)
        if usage is None:
            usage = self._usages[key] = _Usage()
        else:
            self._usages.move_to_end(key)
        usage.count += 1
        return usage

    def _evict(self) -> Iterator[bytes]:
        """Forget the least recently used statements; yields the names of the prepared ones."""
        while len(self._usages) > _MAX_STATEMENTS:
            _, usage = self._usages.popitem(last=False)
            if usage.name:
                yield usage.name

    def _flush(self) -> None:
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._on_writable)

    def _on_writable(self) -> None:
        try:
            if not self._pgconn.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as exc:
            self._break(exc)

    def _on_readable(self) -> None:
        try:
            self._pgconn.consume_input()
            self._receive()
        except psycopg.Error as exc:
            self._break(exc)

    def _receive(self) -> None:
        """Collect results; one None follows those of a statement, two that there are no more."""
        pgconn, was_none = self._pgconn, False
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                if was_none:
                    break
                was_none = True
                continue
            was_none = False
            if result.status == _SYNC:
                self._finish_run()
                return
            self._results.append(result)
        if self._waiter is None or pgconn.status != pq.ConnStatus.OK:
            self._break(None)  # an idle connection is written to when the server ends it

    def _finish_run(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            waiter.set_result(self._results)

    def _break(self, error: psycopg.Error | None) -> None:
        if self._is_broken:
            return
        self._is_broken = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        waiter, self._waiter = self._waiter, None
        if waiter and not waiter.done():
            message = self._pgconn.get_error_message()
            waiter.set_exception(error or psycopg.OperationalError(message))


async def connect_pipeline(connector: Connector) -> PipelineConnection:
    """Open a connection; raises PostgresUnreachableError."""
    return PipelineConnection(await connector.connect())


def _match_results(sent: Sequence[_Sent], received: Sequence[PGresult]) -> list[PGresult]:
    results: list[PGresult] = []
    for entry, result in zip_longest(sent, received):
        if result is None or result.status in _FAILED:
            raise error_from_result(result) if result else psycopg.OperationalError("no result")
        if isinstance(entry, tuple):
            entry[0].name = entry[1]
        elif entry:
            results.append(result)
    return results
