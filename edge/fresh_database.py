"""A database that is as after the first start for each test: swapped in, others prepared ahead.

Making a copy takes longer than renaming one: while tests run, a thread copies the template, and
drops what tests have left.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import errors, sql

from edge.emulator.postgres.cluster import Cluster, copy_database
from edge.errors import EdgeError

_TEMPLATE: Final = "edge_template"
_AHEAD: Final = 3
_MOST_DISCARDED: Final = 8
"""Databases that wait to be dropped, so that quick tests do not fill the disk."""
_NUMBERS: Final = itertools.count()
"""Of all copies of this process: a cluster may have several that make them."""
_DEADLINE: Final = 30.0
_PAUSE: Final = 0.001
_LIMIT: Final = "set local statement_timeout = '300ms'"
"""Postgres itself waits 5 s for those who are connected to leave a database that is renamed."""
_END_CONNECTIONS: Final = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s"
)


class DatabaseCopies:
    """Copies of a database, made ahead in a thread, which also drops those that are discarded.

    `place` is the database that orders are given from; it is never copied or renamed.
    """

    def __init__(self, cluster: Cluster, template: str, place: str) -> None:
        self._cluster = cluster
        self._template = template
        self._place = place
        self._changed = threading.Condition()
        self._ready = deque[str]()
        self._discarded = deque[str]()
        self._error: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def take(self) -> str:
        """Return the name of an unused copy."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error, _DEADLINE)
            if not self._ready:
                raise self._error or EdgeError("Postgres does not copy its database.")
            self._changed.notify_all()
            return self._ready.popleft()

    def discard(self, name: str) -> None:
        """Drop the database, some time later."""
        with self._changed:
            self._discarded.append(name)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self._work_connected():
                pass
        except Exception as exc:  # raised again by who waits for the copy
            with self._changed:
                self._error = exc
                self._changed.notify_all()

    def _work_connected(self) -> bool:
        """Do all that is to be done; return whether the connection has broken, which was in use."""
        with psycopg.connect(self._cluster.dsn(self._place), autocommit=True) as connection:
            connection.execute("select 1")
            try:
                while self._do_next(connection):
                    pass
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                return True
        return False

    def _do_next(self, connection: psycopg.Connection) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self._discarded or len(self._ready) < _AHEAD
            )
            if self._closing:
                return False
            copies = len(self._ready) < _AHEAD and len(self._discarded) < _MOST_DISCARDED
            name = None if copies else self._discarded[0]
        if name:
            statement = sql.SQL("drop database if exists {} with (force)")
            connection.execute(statement.format(sql.Identifier(name)))
            with self._changed:
                self._discarded.popleft()
            return True
        name = f"{self._template}_{next(_NUMBERS)}"
        copy_database(connection, name, self._template)
        with self._changed:
            self._ready.append(name)
            self._changed.notify_all()
        return True


@dataclass(slots=True)
class FreshDatabase:
    """Swaps the database of a running stack, which has this name; for one thread.

    `is_fresh` says that no test has used it since it was made or swapped.
    """

    cluster: Cluster
    name: str = "postgres"
    is_fresh: bool = False
    _orders: psycopg.Connection = field(init=False)
    _copies: DatabaseCopies = field(init=False)

    def prepare(self) -> None:
        """Keep what the database holds now as what each test begins with."""
        self.is_fresh = True
        self._orders = self._connect()
        self.cluster.drop_database(_TEMPLATE)
        self._do_alone(lambda: copy_database(self._orders, _TEMPLATE, self.name))
        self._allow_connections(allowed=True)
        self._copies = DatabaseCopies(self.cluster, _TEMPLATE, "template1")

    def swap(self) -> None:
        """Put an unused copy in the place of the database that a test has used."""
        self._connect_again()
        fresh, left = self._copies.take(), f"edge_used_{next(_NUMBERS)}"
        self._do_alone(lambda: self._put_aside(left))
        self._rename(fresh, self.name)
        self._copies.discard(left)
        self.is_fresh = True

    def close(self) -> None:
        self._copies.close()
        self._orders.close()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.dsn("template1"), autocommit=True)

    def _connect_again(self) -> None:
        """Open the connection again if a test has ended it, or restarted Postgres."""
        with suppress(psycopg.OperationalError):
            self._orders.execute("select 1")
        if self._orders.closed:
            self._orders = self._connect()

    def _do_alone(self, work: Callable[[], None]) -> None:
        """Do what needs the database for itself, and refuse connections from now on.

        A session that is just starting can be ended only once it has started.
        """
        self._allow_connections(allowed=False)
        deadline = time.monotonic() + _DEADLINE
        while True:
            self._end_connections(deadline)
            try:
                work()
            except (errors.ObjectInUse, errors.QueryCanceled):
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _end_connections(self, deadline: float) -> None:
        # A rename that finds a connection waits for 100 ms before it looks again.
        while self._orders.execute(_END_CONNECTIONS, (self.name,)).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise EdgeError("The connections to the database of a test do not end.")
            time.sleep(_PAUSE)

    def _allow_connections(self, *, allowed: bool) -> None:
        statement = sql.SQL("alter database {} with allow_connections {}")
        self._orders.execute(statement.format(sql.Identifier(self.name), sql.Literal(allowed)))

    def _put_aside(self, name: str) -> None:
        with self._orders.transaction():
            self._orders.execute(_LIMIT)
            self._rename(self.name, name)

    def _rename(self, name: str, to: str) -> None:
        statement = sql.SQL("alter database {} rename to {}")
        self._orders.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))
