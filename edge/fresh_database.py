"""A database that is as after the first start for each test: swapped in, the next one prepared.

Making a copy takes longer than renaming one: while a test runs, a thread copies the template for
the next one, and drops what the test before has left.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import sql

from edge.emulator.postgres.cluster import Cluster

_SERVED: Final = "postgres"
_TEMPLATE: Final = "edge_template"
_NEXT: Final = "edge_next"
_USED: Final = "edge_used"
_ATTEMPTS: Final = 20
_END_CONNECTIONS: Final = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s"
)


@dataclass(slots=True)
class FreshDatabase:
    """Swaps the database of a running stack; for one thread."""

    cluster: Cluster
    _preparing: threading.Thread | None = field(default=None, init=False)
    _error: Exception | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Keep what the database holds now as what each test begins with."""
        self.cluster.drop_database(_TEMPLATE)
        _insist(lambda: self.cluster.create_database(_TEMPLATE, _SERVED), self._end_connections)
        self._start_next()

    def swap(self) -> None:
        """Put an unused copy in the place of the database that a test has used."""
        self._finish()
        with psycopg.connect(self.cluster.dsn("template1"), autocommit=True) as connection:
            _insist(lambda: _rename(connection, _SERVED, _USED), self._end_connections)
            _rename(connection, _NEXT, _SERVED)
        self._start_next()

    def close(self) -> None:
        self._finish()

    def _start_next(self) -> None:
        self._preparing = threading.Thread(target=self._prepare_next, daemon=True)
        self._preparing.start()

    def _finish(self) -> None:
        if self._preparing:
            self._preparing.join()
            self._preparing = None
        if self._error:
            raise self._error

    def _prepare_next(self) -> None:
        try:
            self.cluster.drop_database(_USED)
            self.cluster.drop_database(_NEXT)
            self.cluster.create_database(_NEXT, _TEMPLATE)
        except Exception as exc:  # raised again by who waits for the copy
            self._error = exc

    def _end_connections(self) -> None:
        with psycopg.connect(self.cluster.dsn("template1"), autocommit=True) as connection:
            connection.execute(_END_CONNECTIONS, (_SERVED,))


def _insist(change: Callable[[], object], end_connections: Callable[[], None]) -> None:
    """Make the change; again if a service has reconnected in the meantime."""
    for attempt in range(_ATTEMPTS):
        end_connections()
        try:
            change()
        except psycopg.errors.ObjectInUse:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _rename(connection: psycopg.Connection, name: str, to: str) -> None:
    statement = sql.SQL("alter database {} rename to {}")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))
