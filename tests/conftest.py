"""The session's database server and its template, and a fresh clone for each test that asks."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, find_migrations, migrate

ROOT = Path(__file__).parents[1]
TEMPLATE = "edge_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running server whose template database holds the project's whole schema."""
    server = Cluster(tmp_path_factory.mktemp("cluster") / "data", durable=False)
    server.start()
    try:
        bootstrap(server.create_database(TEMPLATE))
        migrate(
            server.dsn(TEMPLATE, user="postgres"), find_migrations(ROOT / "supabase/migrations")
        )
        yield server
    finally:
        server.stop()


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The name of a database of this test's own, with the project's schema and no rows."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    cluster.create_database(name, template=TEMPLATE)
    yield name
    cluster.drop_database(name)
