"""Saves assets in the library, and copies them back: the file first, then the row that names it."""

from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID, uuid5

from shared.context import Context
from shared.env import environment, read_number
from shared.errors import NotFoundError
from shared.media.files import LIBRARY, WORKSPACE, File, FileMissingError, Files
from shared.media.workspace import Asset, fetch_assets

_QUOTA_MB: Final = 5120
_COPIES: Final = UUID("5f0c7a52-4b59-4f8c-9d0e-0b0f6f2f8d11")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """The library's row of an asset, and whether this request made it."""

    id: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """What the user calls a saved asset."""

    title: str | None = None
    collection_id: str | None = None
    tags: tuple[str, ...] = ()


async def save(ctx: Context, user_id: str, asset: Asset, labels: Labels) -> Saved:
    """Save an asset, or return the row of an earlier save whose file is there.

    Raises ConflictError LIBRARY_FULL, NotFoundError, UpstreamError.
    """
    files = Files(ctx.env.supabase)
    source = File(WORKSPACE, asset.path)
    earlier = await _find_saved(ctx, user_id, asset.id)
    if earlier and await files.size(File(LIBRARY, earlier["storage_path"])):
        return Saved(earlier["id"], is_new=False)
    if earlier:  # its file was lost: make it again
        await files.copy(source, File(LIBRARY, earlier["storage_path"]))
        return Saved(earlier["id"], is_new=False)
    await _check_room(ctx, user_id, labels, await files.size(source) or 0)
    target = File(LIBRARY, f"{user_id}/{asset.id}.{asset.suffix}")
    try:
        size = await files.copy(source, target)
    except FileMissingError:
        # Another request may have saved and cleared it meanwhile.
        if (saved := await _find_saved(ctx, user_id, asset.id)) and await files.size(target):
            return Saved(saved["id"], is_new=False)
        raise
    thumbnail = File(LIBRARY, f"{user_id}/{asset.id}.thumb.webp")
    has_thumbnail = await files.copy_if_there(File(WORKSPACE, asset.thumbnail), thumbnail)
    return await _insert(
        ctx, user_id, asset, _render(target, thumbnail if has_thumbnail else None, size, labels)
    )


async def copy_back(ctx: Context, user_id: str, library_id: str) -> Saved:
    """Copy a file of the library into the workspace, unless it is there already."""
    item = await fetch_library_item(ctx, user_id, library_id)
    files = Files(ctx.env.supabase)
    asset_id = str(uuid5(_COPIES, library_id))
    existing = await fetch_assets(ctx, user_id, id=asset_id)
    if existing and await files.size(File(WORKSPACE, existing[0].path)):
        return Saved(asset_id, is_new=False)
    source = Asset(asset_id, item["storage_path"], item["thumbnail_path"], item["mime_type"])
    target = File(WORKSPACE, f"{user_id}/{asset_id}.{source.suffix}")
    size = await files.copy(File(LIBRARY, source.path), target)
    thumbnail = File(WORKSPACE, f"{user_id}/{asset_id}.thumb.webp")
    has_thumbnail = await files.copy_if_there(File(LIBRARY, source.thumbnail), thumbnail)
    arguments = {
        "owner_id": user_id,
        "library_id": library_id,
        "asset_id": asset_id,
        "saved": _render(target, thumbnail if has_thumbnail else None, size, Labels()),
    }
    answer = cast("Row", (await ctx.admin.rpc("copy_to_workspace_v1", arguments).execute()).data)
    return Saved(answer["id"], answer["is_new"])


async def delete_saved(ctx: Context, user_id: str, library_id: str) -> None:
    """Delete a file of the library, then its row."""
    item = await fetch_library_item(ctx, user_id, library_id)
    paths = [path for path in (item["storage_path"], item["thumbnail_path"]) if path]
    await Files(ctx.env.supabase).remove(LIBRARY, paths)
    query = ctx.admin.table("user_library").delete().eq("id", library_id).eq("user_id", user_id)
    await query.execute()


async def fetch_library_item(ctx: Context, user_id: str, library_id: str) -> Row:
    query = ctx.admin.table("user_library").select("*").eq("id", library_id).eq("user_id", user_id)
    rows = cast("list[Row]", (await query.execute()).data)
    if not rows:
        raise NotFoundError("Library item not found", code="LIBRARY_ITEM_NOT_FOUND")
    return rows[0]


async def _find_saved(ctx: Context, user_id: str, asset_id: str) -> Row | None:
    query = (
        ctx.admin.table("user_library")
        .select("id, storage_path")
        .eq("user_id", user_id)
        .eq("source_asset_id", asset_id)
    )
    rows = cast("list[Row]", (await query.execute()).data)
    return rows[0] if rows else None


async def _check_room(ctx: Context, user_id: str, labels: Labels, size: int) -> None:
    arguments = {
        "owner_id": user_id,
        "collection_id": labels.collection_id,
        "needed_bytes": size,
        "quota_bytes": _quota(),
    }
    await ctx.admin.rpc("check_library_room_v1", arguments).execute()


async def _insert(ctx: Context, user_id: str, asset: Asset, saved: Row) -> Saved:
    arguments = {
        "owner_id": user_id,
        "asset_id": asset.id,
        "saved": saved,
        "quota_bytes": _quota(),
    }
    answer = cast("Row", (await ctx.admin.rpc("save_to_library_v1", arguments).execute()).data)
    return Saved(answer["id"], answer["is_new"])


def _render(target: File, thumbnail: File | None, size: int, labels: Labels) -> Row:
    return {
        "storage_path": target.path,
        "thumbnail_path": thumbnail.path if thumbnail else None,
        "file_size_bytes": size,
        "custom_title": labels.title,
        "collection_id": labels.collection_id,
        "tags": list(labels.tags),
    }


def _quota() -> int:
    return int(read_number(environment(), "LIBRARY_QUOTA_MB", _QUOTA_MB) * 1024 * 1024)
