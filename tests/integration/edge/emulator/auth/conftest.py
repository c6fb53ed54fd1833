"""The auth service in this process over the test's own database."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from edge.emulator.auth import password
from edge.emulator.auth.app import create_auth_app, create_pool
from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.mail.mailbox import Mailbox
from edge.emulator.postgres.cluster import Cluster
from edge.signing import SigningKeys
from tests.support.auth_service import ISSUER, SECRET, Auth, Open


@pytest.fixture
def hash_cost() -> int:
    """The cost of passwords' hashes: 1 ms here, not 50."""
    return 4


@pytest.fixture(autouse=True)
def _hash_cost(hash_cost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_COST", hash_cost)


@pytest.fixture
async def open_auth(cluster: Cluster, database: str) -> AsyncIterator[Open]:
    """Open the service with the AuthConfig options that the test gives."""
    pool = create_pool(cluster.dsn(database, user="supabase_auth_admin"))
    clients: list[httpx.AsyncClient] = []

    async def opening(**options: Any) -> Auth:
        mailbox = Mailbox()
        app = create_auth_app(pool, AuthConfig(SigningKeys(SECRET), ISSUER, **options), mailbox)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://auth"))
        return Auth(clients[-1], cluster.dsn(database), mailbox)

    yield opening
    for client in clients:
        await client.aclose()
    await pool.close()


@pytest.fixture
async def auth(open_auth: Open) -> Auth:
    return await open_auth()
