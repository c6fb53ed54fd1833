"""A separate database per test, with owners of decks."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.talk_tracks.database import Owner, add_owner


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
