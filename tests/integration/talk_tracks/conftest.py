"""A database of the test's own, with an owner, a deck and what may happen to its jobs."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.integration.talk_tracks.owner import Owner, add_owner


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as opened:
        yield opened


@pytest.fixture
def owner(connection: psycopg.Connection) -> Owner:
    return add_owner(connection)


@pytest.fixture
def other(connection: psycopg.Connection) -> Owner:
    return add_owner(connection)
