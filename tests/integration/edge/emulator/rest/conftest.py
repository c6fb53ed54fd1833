"""The data API in this process over the test's own database."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.rest.app import RestApp
from edge.emulator.rest.config import RestConfig
from edge.tokens import Keys
from tests.support.data_api import SECRET, Rest, as_role

TEMPLATE = "rest_template"
_numbers = itertools.count(1)


@pytest.fixture
def role_headers() -> Any:
    return as_role


@pytest.fixture(scope="session")
def rest_template(cluster: Cluster) -> str:
    dsn = cluster.create_database(TEMPLATE)
    bootstrap(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(Path(__file__).with_name("schema.sql").read_bytes())
    return TEMPLATE


@pytest.fixture
def rest_database(cluster: Cluster, rest_template: str) -> Iterator[str]:
    name = f"rest_{os.getpid()}_{next(_numbers)}"
    cluster.create_database(name, template=rest_template)
    yield name
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def shared_database(cluster: Cluster, rest_template: str) -> str:
    """One database for every test that leaves nothing behind."""
    cluster.create_database("rest_shared", template=rest_template)
    return "rest_shared"


@pytest.fixture
def rest_config() -> RestConfig:
    """Override in a module or by indirect parametrisation to change the API's settings."""
    return RestConfig()


@pytest.fixture
async def rest(
    cluster: Cluster, rest_database: str, rest_config: RestConfig
) -> AsyncIterator[Rest]:
    dsn = cluster.dsn(rest_database, user="authenticator")
    app = RestApp(dsn, keys=Keys(SECRET), config=rest_config)
    await app.open()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
        yield Rest(client, app, rest_database, cluster.dsn(rest_database))
    await app.close()
