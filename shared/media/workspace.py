"""Assets of the workspace with their files: reading and deleting them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.media.files import WORKSPACE, Files

MOST_ASSETS: Final = 1000
_COLUMNS: Final = "id, job_id, temp_storage_path, thumbnail_path, mime_type, asset_type, expires_at"
_SUFFIX: Final = re.compile(r"\.([A-Za-z0-9]{1,8})$")
_SUFFIXES: Final = {"jpeg": "jpg", "quicktime": "mov", "x-matroska": "mkv", "svg+xml": "svg"}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asset:
    """A row of workspace_assets."""

    id: str
    path: str
    thumbnail_path: str | None
    mime_type: str

    @property
    def suffix(self) -> str:
        """The file's suffix: that of its path, or by its type."""
        found = _SUFFIX.search(self.path)
        kind = self.mime_type.rpartition("/")[2]
        return found[1].lower() if found else _SUFFIXES.get(kind, kind)

    @property
    def thumbnail(self) -> str:
        """Where the thumbnail is, or would be."""
        return self.thumbnail_path or f"{_SUFFIX.sub('', self.path)}.thumb.webp"


def read_asset(row: Row) -> Asset:
    return Asset(row["id"], row["temp_storage_path"], row["thumbnail_path"], row["mime_type"])


async def fetch_assets(ctx: Context, user_id: str, **equal: str) -> list[Asset]:
    """Fetch up to 1,000 of the user's assets, oldest first."""
    query = ctx.admin.table("workspace_assets").select(_COLUMNS).eq("user_id", user_id)
    for column, value in equal.items():
        query = query.eq(column, value)
    rows = (await query.order("created_at").order("id").limit(MOST_ASSETS).execute()).data
    return [read_asset(row) for row in cast("list[Row]", rows)]


async def fetch_expired(ctx: Context, now: str, limit: int) -> list[Asset]:
    """Fetch assets of anybody that have expired."""
    query = ctx.admin.table("workspace_assets").select(_COLUMNS).lt("expires_at", now)
    rows = (await query.order("expires_at").limit(limit).execute()).data
    return [read_asset(row) for row in cast("list[Row]", rows)]


async def delete_assets(ctx: Context, assets: Sequence[Asset]) -> None:
    """Delete files, then rows: what fails in between is deleted by the next attempt."""
    if not assets:
        return
    paths = [path for asset in assets for path in (asset.path, asset.thumbnail)]
    await Files(ctx.env.supabase).remove(WORKSPACE, paths)
    ids = [asset.id for asset in assets]
    await ctx.admin.table("workspace_assets").delete().in_("id", ids).execute()
