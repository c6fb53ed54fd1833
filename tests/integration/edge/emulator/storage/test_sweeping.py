"""The sweep: files without a row go after an hour, unfinished uploads after a day, others stay."""

import os
import time
from pathlib import Path

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.database import Database, create_pool
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.resumable import ResumableStore
from edge.emulator.storage.sweeping import sweep
from edge.emulator.storage.transform import Transformer
from edge.tokens import Keys
from tests.support.storage_service import SECRET, Storage

DAYS = 2 * 24 * 3600


def age(path: Path, seconds: float = DAYS) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


async def test_only_what_nothing_names_is_removed(
    storage: Storage, cluster: Cluster, database: str
) -> None:
    await storage.create_bucket("docs")
    await storage.upload("docs/a")
    kept = storage.files()[0]
    orphan, young = (kept.with_name(f"{kept.name[:-1]}{mark}") for mark in "xy")
    begun = storage.folder / "resumable" / "begun"
    for path in (orphan, young, begun):
        path.write_bytes(b"x")
    for path in (kept, orphan, begun):
        age(path)
    pool = create_pool(cluster.dsn(database, user="supabase_storage_admin"))
    files = FileStore(storage.folder, durable=False)
    context = StorageContext(
        StorageConfig(Keys(SECRET), storage.folder),
        Database(pool),
        files,
        ResumableStore(storage.folder / "resumable", files),
        Transformer(files),
    )
    removed = await sweep(context)
    await pool.close()

    assert removed == 2
    assert storage.files() == sorted((kept, young))
    assert (await storage("GET", "/object/docs/a")).content == b"hello world"
