"""A data API in this process over a database of the test's own."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.rest.app import RestApp
from edge.emulator.rest.config import RestConfig
from edge.tokens import Keys, mint

SECRET = "a-secret-of-at-least-thirty-two-characters"
TEMPLATE = "rest_template"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Rest:
    """A client of the data API, and the database behind it."""

    client: httpx.AsyncClient
    app: RestApp
    database: str
    superuser_dsn: str

    async def __call__(self, method: str, url: str, **options: Any) -> httpx.Response:
        return await self.client.request(method, url, **options)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL as the superuser, past the API."""
        with psycopg.connect(self.superuser_dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def as_role(role: str, **claims: Any) -> dict[str, str]:
    """The Authorization header of a caller."""
    return {"authorization": f"Bearer {mint(SECRET, role, **claims)}"}


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
