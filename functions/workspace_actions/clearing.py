"""Clears assets out of the workspace: each is deleted only once its copy is in the library."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from postgrest.exceptions import APIError

from shared.context import Context
from shared.database.clients import translate_database_error
from shared.database.rpc import call_rpc
from shared.errors import ConflictError, FunctionError, InternalError
from shared.http.deadline import seconds_left
from shared.media.files import Files
from shared.media.storage import REFERENCES
from shared.media.workspace import Asset, delete_assets, fetch_expired

from .library import Labels, Saved, save

_AT_ONCE: Final = 4
_TIME_TO_ANSWER: Final = 10.0
_REAPED_AT_ONCE: Final = 100
_MOST_REFERENCES: Final = 500


@dataclass(slots=True)
class Cleared:
    """What became of several assets."""

    processed: int = 0
    new_saves: int = 0
    remaining: int = 0
    errors: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failures: list[FunctionError] = field(default_factory=list[FunctionError])

    @property
    def status(self) -> int:
        """200 if all were cleared; 409 if only the library was full; else 502."""
        if not self.failures:
            return 200
        return 409 if all(isinstance(each, ConflictError) for each in self.failures) else 502


async def clear(ctx: Context, user_id: str, asset: Asset, labels: Labels) -> Saved:
    """Save an asset, then delete it from the workspace."""
    saved = await save(ctx, user_id, asset, labels)
    await delete_assets(ctx, [asset])
    return saved


async def clear_all(ctx: Context, user_id: str, assets: Sequence[Asset]) -> Cleared:
    """Clear each asset; one that fails stays, is reported, and does not hinder the others."""
    cleared = Cleared()
    slots = asyncio.Semaphore(_AT_ONCE)

    async def clear_one(asset: Asset) -> None:
        async with slots:
            if seconds_left() < _TIME_TO_ANSWER:
                cleared.remaining += 1
                return
            try:
                saved = await clear(ctx, user_id, asset, Labels())
            except (FunctionError, APIError, httpx.TransportError) as exc:
                _report(ctx, cleared, asset, exc)
                return
            cleared.processed += 1
            cleared.new_saves += saved.is_new

    await asyncio.gather(*(clear_one(asset) for asset in assets))
    return cleared


async def reap(ctx: Context) -> dict[str, Any]:
    """Delete expired assets of anybody with their files, until none is left or the time is up.

    Then the copies of reference images that no job needs any more.
    """
    now = datetime.now(UTC).isoformat()
    reaped = 0
    while seconds_left() > _TIME_TO_ANSWER:
        expired = await fetch_expired(ctx, now, _REAPED_AT_ONCE)
        if not expired:
            break
        await delete_assets(ctx, expired)
        reaped += len(expired)
    references = await _reap_references(ctx)
    ctx.note(reaped=reaped, references=references)
    return {"success": True, "reaped": reaped, "references": references}


async def _reap_references(ctx: Context) -> int:
    """Delete up to 500 of them; the next run those that are left."""
    env = ctx.env.supabase
    arguments = {"most": _MOST_REFERENCES}
    paths: list[str] = await call_rpc(
        env, None, "list_stale_references_v1", arguments, seconds=_TIME_TO_ANSWER
    )
    await Files(env).remove(REFERENCES, paths)
    return len(paths)


def _report(ctx: Context, cleared: Cleared, asset: Asset, error: Exception) -> None:
    """Note a failure as the caller may see it."""
    failure = (
        error
        if isinstance(error, FunctionError)
        else translate_database_error(error, ctx.env.supabase.url) or InternalError()
    )
    cleared.failures.append(failure)
    cleared.errors.append({"assetId": asset.id, "code": failure.code, "error": failure.message})
