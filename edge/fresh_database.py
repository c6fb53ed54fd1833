"""A database that is as after the first start for each test: swapped in, others prepared ahead.

Making a copy takes longer than renaming one: while tests run, a thread copies the template, and
drops what tests have left.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import sql

from edge.emulator.postgres.cluster import Cluster, copy_database
from edge.errors import EdgeError

_SERVED: Final = "postgres"
_TEMPLATE: Final = "edge_template"
_PLACE: Final = "template1"
"""A database that is never copied or renamed here, to give orders from."""
_AHEAD: Final = 3
_DEADLINE: Final = 30.0
_PAUSE: Final = 0.001
_CLOSE: Final = "alter database {} with allow_connections {}"
_END_CONNECTIONS: Final = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s"
)


@dataclass(slots=True)
class FreshDatabase:
    """Swaps the database of a running stack; for one thread."""

    cluster: Cluster
    _orders: psycopg.Connection | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _ready: deque[str] = field(default_factory=deque[str], init=False)
    _used: deque[str] = field(default_factory=deque[str], init=False)
    _names: Iterator[int] = field(default_factory=itertools.count, init=False)
    _error: Exception | None = field(default=None, init=False)
    _closing: bool = field(default=False, init=False)

    def prepare(self) -> None:
        """Keep what the database holds now as what each test begins with."""
        self._orders = self._connect()
        self.cluster.drop_database(_TEMPLATE)
        self._close_served()
        copy_database(self._orders, _TEMPLATE, _SERVED)
        self._order(_CLOSE, _SERVED, sql.SQL("true"))
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def swap(self) -> None:
        """Put an unused copy in the place of the database that a test has used."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error, _DEADLINE)
            if self._error or not self._ready:
                raise self._error or EdgeError("Postgres does not copy its database.")
            fresh = self._ready.popleft()
            self._changed.notify_all()
        left = f"edge_used_{next(self._names)}"
        self._close_served()
        self._order("alter database {} rename to {}", _SERVED, left)
        self._order("alter database {} rename to {}", fresh, _SERVED)
        with self._changed:
            self._used.append(left)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        if self._orders:
            self._orders.close()

    def _close_served(self) -> None:
        """End the services' connections, and let none come before the database is replaced."""
        assert self._orders is not None, "prepare() comes first"
        self._order(_CLOSE, _SERVED, sql.SQL("false"))
        deadline = time.monotonic() + _DEADLINE
        # A rename that finds a connection waits for 100 ms before it looks again.
        while self._orders.execute(_END_CONNECTIONS, (_SERVED,)).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise EdgeError("Connections to the database of a test do not end.")
            time.sleep(_PAUSE)

    def _order(self, statement: str, *names: "str | sql.SQL") -> None:
        assert self._orders is not None, "prepare() comes first"
        parts = [sql.Identifier(name) if isinstance(name, str) else name for name in names]
        self._orders.execute(sql.SQL(statement).format(*parts))  # pyright: ignore[reportArgumentType]

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn(_PLACE), autocommit=True)

    def _work(self) -> None:
        """Copy and drop until close()."""
        try:
            with self._connect() as connection:
                while self._do_next(connection):
                    pass
        except Exception as exc:  # raised again by who waits for the copy
            with self._changed:
                self._error = exc
                self._changed.notify_all()

    def _do_next(self, connection: psycopg.Connection) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._used or len(self._ready) < _AHEAD)
            if self._closing:
                return False
            copies = len(self._ready) < _AHEAD
            name = f"edge_fresh_{next(self._names)}" if copies else self._used.popleft()
        if copies:
            copy_database(connection, name, _TEMPLATE)
            with self._changed:
                self._ready.append(name)
                self._changed.notify_all()
        else:
            statement = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            connection.execute(statement)
        return True
