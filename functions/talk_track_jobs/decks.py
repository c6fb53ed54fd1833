"""Adds a deck from a file to a project of the caller."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from shared.context import Context
from shared.errors import BadInputError, NotFoundError
from shared.http.body import read_bytes

from .deck_file import DeckFile, read_deck

_MAX_BODY: Final = 30 << 20
_AT_ONCE: Final = 2  # decks in memory
_PREVIEWED: Final = 10
_TEMPLATE: Final = "imported"


async def add_deck(ctx: Context) -> tuple[dict[str, Any], int]:
    """Read the body, insert the deck; with dry_run=true only show how it is read."""
    query = ctx.request.query_params
    async with _places():
        content = await read_bytes(ctx.request, _MAX_BODY)
        kind = ctx.request.headers.get("content-type", "")
        deck = await asyncio.to_thread(read_deck, content, kind)
    names = (query.get("title", ""), deck.title, query.get("fallback", ""), "Untitled deck")
    title = next(name.strip()[:300] for name in names if name.strip())
    shown = {"title": title, "totalSlides": len(deck.slides), "slides": deck.slides[:_PREVIEWED]}
    if query.get("dry_run", "").lower() in ("true", "1"):
        return {"success": True, "dryRun": True, **shown}, 200
    with ctx.stage("insert"):
        project_id = await _find_or_create_project(ctx, query.get("projectId"), title)
        deck_id = await _insert_deck(ctx, project_id, title, deck)
    return {"success": True, "projectId": project_id, "deckStructureId": deck_id, **shown}, 201


@lru_cache(maxsize=1)
def _places() -> asyncio.Semaphore:
    return asyncio.Semaphore(_AT_ONCE)


async def _find_or_create_project(ctx: Context, given: str | None, title: str) -> str:
    if given is None:
        return await _insert(ctx, "funnel_projects", {"name": title})
    try:
        project_id = str(UUID(given))
    except ValueError:
        raise BadInputError("projectId must be a uuid.") from None
    query = cast("Any", ctx.caller.table("funnel_projects")).select("id").eq("id", project_id)
    if not (await query.execute()).data:
        raise NotFoundError("Project not found", code="PROJECT_NOT_FOUND")
    return project_id


async def _insert_deck(ctx: Context, project_id: str, title: str, deck: DeckFile) -> str:
    row = {
        "funnel_project_id": project_id,
        "template_type": _TEMPLATE,
        "total_slides": len(deck.slides),
        "slides": deck.slides,
        "metadata": {"title": title},
    }
    return await _insert(ctx, "deck_structures", row)


async def _insert(ctx: Context, table: str, row: Mapping[str, Any]) -> str:
    """Insert a row as the caller and return its id."""
    query = cast("Any", ctx.caller.table(table)).insert(row)
    return str((await query.execute()).data[0]["id"])
