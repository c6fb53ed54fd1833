"""Remove what nothing names any more: files without a row, and uploads that were not finished."""

import asyncio
import logging
from typing import Final

from edge.emulator.storage import multipart_rows, rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.resumable import EXPIRES_AFTER

_LOG: Final = logging.getLogger(__name__)
_FIRST_SECONDS: Final = 60.0
_EVERY_SECONDS: Final = 3600.0


async def sweep(context: StorageContext) -> int:
    """Remove files that no row has named for an hour, uploads after a day; returns how many."""
    async with context.database.as_owner() as connection:
        await multipart_rows.delete_expired(connection, EXPIRES_AFTER)
        known = await rows.versions(connection)
    removed = await asyncio.to_thread(context.files.sweep, known)
    return removed + await asyncio.to_thread(context.resumable.sweep)


async def sweep_hourly(context: StorageContext) -> None:
    """Sweep a minute after the start, for that may follow a crash, and hourly until cancelled.

    A database that is not reached is asked again an hour later.
    """
    pause = _FIRST_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = _EVERY_SECONDS
        try:
            await sweep(context)
        except (StorageError, OSError) as exc:
            _LOG.warning("Storage could not be swept: %s", exc)
