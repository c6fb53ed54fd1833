"""A database for each test, whose sessions set their clock, and organizations in it."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.organization import Organization, create_organization
from tests.support.telephony_clock import install_clock


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as opened:
        install_clock(opened)
        yield opened


@pytest.fixture
def organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550100")


@pytest.fixture
def other_organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550101")
