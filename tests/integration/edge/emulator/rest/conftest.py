"""The data API in this process over the test's own database."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.rest.config import RestConfig
from tests.support.data_api import Rest, as_role, opened

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rolled_back(cluster: Cluster, rest_template: str) -> AsyncIterator[Rest]:
    """One API for every test whose requests may be rolled back, in the session's event loop."""
    cluster.create_database("rest_shared", template=rest_template)
    async with opened(cluster, "rest_shared", RestConfig(tx_rollback=True)) as rest:
        yield rest


@pytest.fixture
def rest_config() -> RestConfig:
    """Override in a module or by indirect parametrisation to change the API's settings."""
    return RestConfig()


@pytest.fixture
async def rest(
    cluster: Cluster, rest_database: str, rest_config: RestConfig
) -> AsyncIterator[Rest]:
    async with opened(cluster, rest_database, rest_config) as rest:
        yield rest
