"""Stages a list in the database in batches and turns it into contacts in one transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.context import Context
from shared.database.rpc import call_rpc

from .listing import Listing

_SECONDS: Final = 30.0
_BATCH_SECONDS: Final = 120.0
_ROWS_PER_SECOND: Final = 200
"""Rows that even a slow database commits in a second: limits scale with the work."""


@dataclass(frozen=True, slots=True)
class Import:
    """A started import; no contacts exist before `commit`."""

    ctx: Context
    id: str

    @staticmethod
    async def begin(ctx: Context, campaign_id: UUID) -> "Import":
        """Start an import; 404, 403 or 409 if the caller may not add contacts."""
        body = {"campaign_id": str(campaign_id)}
        return Import(ctx, await _call(ctx, "begin_contact_import_v1", body, _SECONDS))

    async def stage(self, listing: Listing) -> AsyncIterator[int]:
        """Stage all valid rows; yield the number of rows read so far after each batch."""
        while batch := await asyncio.to_thread(listing.read_batch):
            body = {"import_id": self.id, "contacts": batch}
            await _call(self.ctx, "stage_contacts_v1", body, _BATCH_SECONDS)
            listing.tally.staged += len(batch)
            yield listing.tally.rows

    async def commit(self, staged: int) -> dict[str, Any]:
        """Insert the staged contacts. Returns {imported, duplicate_count, duplicates, …}."""
        body = {"import_id": self.id, "staged": staged}
        seconds = _SECONDS + staged / _ROWS_PER_SECOND
        return await _call(self.ctx, "commit_contact_import_v2", body, seconds)

    async def abandon(self) -> None:
        """Delete the staged rows."""
        body = {"import_id": self.id}
        await _call(self.ctx, "abandon_contact_import_v1", body, _BATCH_SECONDS)


async def _call(ctx: Context, function: str, body: dict[str, Any], seconds: float) -> Any:
    token = None if ctx.auth_mode == "secret" else ctx.principal.token
    return await call_rpc(ctx.env.supabase, token, function, body, seconds=seconds)
