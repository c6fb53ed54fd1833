"""The storage service in this process over the test's own database."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.storage.app import create_storage_app
from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.database import create_pool
from edge.tokens import Keys
from tests.support.storage_service import SECRET, Storage

LIMIT = 1024 * 1024


@pytest.fixture
async def storage(cluster: Cluster, database: str, tmp_path: Path) -> AsyncIterator[Storage]:
    """A client with the service_role key."""
    pool = create_pool(cluster.dsn(database, user="supabase_storage_admin"))
    config = StorageConfig(Keys(SECRET), tmp_path / "storage", file_size_limit=LIMIT, durable=False)
    app = create_storage_app(pool, config)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://storage") as client,
    ):
        yield Storage(client, cluster.dsn(database), tmp_path / "storage")
    await pool.close()
