"""A database whose sessions set their clock, and organizations in it."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.organization import Organization, create_organization
from tests.support.rolled_back import RolledBackConnection, opened, rolled_back
from tests.support.telephony_clock import install_clock


@pytest.fixture(scope="session")
def shared_session(cluster: Cluster, project_template: str) -> Iterator[RolledBackConnection]:
    with opened(cluster, project_template) as connection:
        install_clock(connection)
        yield connection


@pytest.fixture
def connection(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A session of the test's own database if it asks for one, else one that is rolled back."""
    if "database" not in request.fixturenames:
        with rolled_back(request.getfixturevalue("shared_session")) as shared:
            yield shared
        return
    cluster, database = map(request.getfixturevalue, ("cluster", "database"))
    with psycopg.connect(cluster.dsn(database), autocommit=True) as own:
        install_clock(own)
        yield own


@pytest.fixture
def organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550100")


@pytest.fixture
def other_organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, "+14155550101")
