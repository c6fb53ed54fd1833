"""A client of the data API under test, with its database and the key that signs its tokens."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.rest.app import RestApp
from edge.emulator.rest.config import RestConfig
from edge.tokens import Keys, mint

SECRET = "a-secret-of-at-least-thirty-two-characters"


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


@asynccontextmanager
async def opened(cluster: Cluster, database: str, config: RestConfig) -> AsyncGenerator[Rest]:
    """Serve a database in this process; reading its schema takes 50 ms."""
    app = RestApp(cluster.dsn(database, user="authenticator"), keys=Keys(SECRET), config=config)
    transport = httpx.ASGITransport(app)
    try:
        await app.open()
        async with httpx.AsyncClient(transport=transport, base_url="http://rest") as client:
            yield Rest(client, app, database, cluster.dsn(database))
    finally:
        await app.close()


def as_role(role: str, **claims: Any) -> dict[str, str]:
    """The Authorization header of a caller."""
    return {"authorization": f"Bearer {mint(SECRET, role, **claims)}"}
