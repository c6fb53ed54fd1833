"""Runs an import step by step, or its preview, and leaves nothing behind when it fails."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from shared.context import Context
from shared.errors import BadInputError

from .listing import Listing, Tally
from .query import ImportQuery
from .staging import Import


async def run(
    ctx: Context, query: ImportQuery, listing: Listing, importing: Import | None
) -> AsyncGenerator[Mapping[str, Any]]:
    """Yield {stage, rows} while it goes on, and {result} at the end."""
    try:
        with listing.source.file:
            if importing is None:
                yield {"result": await _preview(ctx, listing)}
                return
            async for rows in _stage(ctx, importing, listing):
                yield {"stage": "stage", "rows": rows}
            _check(listing.tally, query)
            yield {"stage": "commit", "rows": listing.tally.rows}
            with ctx.stage("commit"):
                answer = await importing.commit(listing.tally.staged)
            ctx.note(imported=answer["imported"])
            yield {"result": {**_summarize(listing), **answer}}
    except BaseException:  # the caller may have gone away too
        await abandon(importing)
        raise


async def _preview(ctx: Context, listing: Listing) -> Mapping[str, Any]:
    with ctx.stage("preview"):
        preview = await asyncio.to_thread(listing.preview)
    if not listing.tally.rows:
        raise _empty()
    blocked = {"do_not_call_count": listing.tally.blocked}
    return {**_summarize(listing), "dry_run": True, "imported": 0, **blocked, **preview}


async def _stage(ctx: Context, importing: Import, listing: Listing) -> AsyncIterator[int]:
    with ctx.stage("stage"):
        async for rows in importing.stage(listing):
            yield rows


def _check(tally: Tally, query: ImportQuery) -> None:
    if not tally.rows:
        raise _empty()
    if query.aborts_on_error and tally.invalid:
        raise BadInputError(
            f"{tally.invalid} of {tally.rows} rows are invalid; nothing was imported.",
            code="ROWS_REFUSED",
            metadata={"errors": tally.errors},
        )


def _empty() -> BadInputError:
    return BadInputError("The list has no rows.", code="EMPTY_LIST")


def _summarize(listing: Listing) -> dict[str, Any]:
    tally = listing.tally
    listing_errors = {"error_count": tally.invalid, "errors": tally.errors}
    notices = {"notices": listing.source.notices} if listing.source.notices else {}
    return {"success": True, "rows": tally.rows, **listing_errors, **notices}


async def abandon(importing: Import | None) -> None:
    """Delete what an import has staged."""
    if importing is not None:
        with suppress(Exception):  # rows that stay staged are deleted a day later
            await importing.abandon()
