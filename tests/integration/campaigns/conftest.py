"""A database of the test's own, and organizations in it."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.integration.campaigns.organization import Organization, create_organization


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as opened:
        yield opened


@pytest.fixture
def organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550100")


@pytest.fixture
def other_organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550101")
