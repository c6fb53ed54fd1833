"""One session of a database for many tests: what a test does is rolled back when it ends."""

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg

from edge.emulator.postgres.cluster import Cluster

_NUMBERS = itertools.count()


class RolledBackConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose statements fail alone, as with autocommit, although none is committed."""

    def execute(self, *args: Any, **options: Any) -> psycopg.Cursor[tuple[Any, ...]]:
        with self.transaction():
            return super().execute(*args, **options)


@contextmanager
def opened(cluster: Cluster, template: str) -> Generator[RolledBackConnection]:
    """Open the only session that there may be in a copy of the template."""
    name = f"rolled_back_{next(_NUMBERS)}"
    dsn = cluster.create_database(name, template=template)
    with RolledBackConnection.connect(dsn, autocommit=True) as connection:
        # Another would not see what a test does, and what it committed would stay for the next.
        with psycopg.connect(cluster.dsn(), autocommit=True) as orders:
            orders.execute(f"alter database {name} allow_connections false".encode())
        yield connection
    cluster.drop_database(name)


@contextmanager
def rolled_back(connection: RolledBackConnection) -> Generator[RolledBackConnection]:
    """Undo all that is done meanwhile. Constraints are checked by each statement, none later."""
    with connection.transaction(force_rollback=True):
        connection.execute("set constraints all immediate")
        yield connection
