"""One logical replication stream over a temporary slot, which ends with its connection.

psycopg's libpq wrapper reads the stream; the event loop watches its socket. While more than 1,000
messages wait for their consumer nothing is read, and Postgres waits.
"""

import asyncio
import os
from collections import deque
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn

from edge.emulator.realtime.changes.pgoutput import Message, decode, parse_copy, render_status

_STATUS_SECONDS: Final = 5.0
_HIGH_WATER: Final = 1000


class ReplicationStream:
    """Reads the changes of publications; `next` returns them in the order of their commits."""

    def __init__(self, dsn: str, publications: str) -> None:
        self._dsn = f"{dsn} replication=database application_name=edge-realtime"
        self._publications = publications
        self._messages: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._received = 0
        self._connection: PGconn | None = None
        self._is_reading = False
        self._error: Exception | None = None
        self._status: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the stream: every commit from now on is read. Raises psycopg.OperationalError."""
        self._connection = await asyncio.to_thread(self._start)
        self._resume()
        self._status = asyncio.create_task(self._report_status())

    def close(self) -> None:
        if self._status:
            self._status.cancel()
        if self._connection:
            self._pause()
            self._connection.finish()
            self._connection = None

    async def next(self) -> Message:
        """Return the next message. Raises psycopg.OperationalError when the stream has ended."""
        while not self._messages:
            if self._error:
                raise self._error
            self._arrived.clear()
            await self._arrived.wait()
        message = self._messages.popleft()
        if not self._is_reading and not self._error and len(self._messages) < _HIGH_WATER // 2:
            self._resume()
            self._read()  # libpq may hold more than its socket
        return message

    def _start(self) -> PGconn:
        connection = pq.PGconn.connect(self._dsn.encode())
        if connection.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(connection.get_error_message())
        slot = f"edge_realtime_{os.getpid()}_{uuid4().hex[:8]}"
        for command, wanted in (
            (
                f"CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT",
                pq.ExecStatus.TUPLES_OK,
            ),
            (
                f"START_REPLICATION SLOT {slot} LOGICAL 0/0"
                f" (proto_version '1', publication_names '{self._publications}')",
                pq.ExecStatus.COPY_BOTH,
            ),
        ):
            result = connection.exec_(command.encode())
            if result.status != wanted:
                message = result.get_error_message()
                connection.finish()
                raise psycopg.OperationalError(message)
        connection.nonblocking = 1
        return connection

    def _resume(self) -> None:
        if self._connection and not self._is_reading:
            self._is_reading = True
            asyncio.get_running_loop().add_reader(self._connection.socket, self._read)

    def _pause(self) -> None:
        if self._connection and self._is_reading:
            self._is_reading = False
            asyncio.get_running_loop().remove_reader(self._connection.socket)

    def _read(self) -> None:
        try:
            self._read_available()
        except (psycopg.Error, ValueError) as exc:
            self._fail(exc)

    def _read_available(self) -> None:
        connection = self._connection
        if connection is None:
            return
        connection.consume_input()
        while len(self._messages) < _HIGH_WATER:
            size, data = connection.get_copy_data(1)
            if size == 0:
                break
            if size < 0:
                raise psycopg.OperationalError(connection.get_error_message() or "stream ended")
            payload, end, wants_status = parse_copy(bytes(data or b""))
            self._received = max(self._received, end)
            if wants_status:
                self._send_status()
            if payload and (message := decode(payload)):
                self._messages.append(message)
        else:
            self._pause()
        if self._messages:
            self._arrived.set()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._pause()
        self._arrived.set()

    def _send_status(self) -> None:
        if self._connection:
            self._connection.put_copy_data(render_status(self._received, datetime.now(UTC)))
            self._connection.flush()

    async def _report_status(self) -> None:
        while True:
            await asyncio.sleep(_STATUS_SECONDS)
            try:
                self._send_status()
            except psycopg.Error as exc:
                self._fail(exc)
                return
