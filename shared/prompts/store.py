"""The cache's store in the database, by RPC as the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

import httpx
from postgrest.exceptions import APIError

from shared.context import Context
from shared.database.clients import translate_database_error
from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.prompts.cache import Cached, PromptCache
from shared.prompts.snapshot import Document

_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class DatabaseStore:
    """A PromptStore over the data API."""

    env: SupabaseEnv

    async def load(self, known_revision: int | None) -> tuple[int, Document | None]:
        """Return the tables' revision and, unless it is the known one, the stored snapshot."""
        answer = await self._call("load_prompt_snapshot_v1", {"known_revision": known_revision})
        return answer["revision"], answer["snapshot"]

    async def read_tables(self) -> Mapping[str, Any]:
        """Return {revision, templates, negatives}, the active rows."""
        return await self._call("read_prompt_tables_v1", {})

    async def save(self, document: Document) -> None:
        """Store the snapshot, unless a newer one is stored."""
        await self._call("save_prompt_snapshot_v1", {"snapshot": document})

    async def _call(self, function: str, arguments: Mapping[str, Any]) -> Any:
        try:
            return await call_rpc(self.env, None, function, dict(arguments), seconds=_SECONDS)
        except (httpx.TransportError, APIError) as exc:
            translated = translate_database_error(exc, self.env.url)
            if translated is None:
                raise
            raise translated from exc


@cache
def prompt_cache() -> PromptCache:
    """Return the cache of this process."""
    return PromptCache()


async def get_templates(ctx: Context) -> Cached:
    """Return the templates, and note in the log where they came from."""
    with ctx.stage("templates"):
        cached = await prompt_cache().get(DatabaseStore(ctx.env.supabase))
    ctx.note(cache_hit=cached.is_hit, cache_source=cached.source)
    return cached


async def rebuild_templates(ctx: Context) -> Mapping[str, Any]:
    """Build the snapshot again from the tables and return its document's metadata and keys."""
    snapshot = await prompt_cache().rebuild(DatabaseStore(ctx.env.supabase))
    keys = snapshot.templates.keys()
    return {
        "stats": dict(snapshot.metadata),
        "categories": sorted({key.use_case for key in keys}),
        "models": sorted({key.target_model for key in keys if key.target_model}),
        "negatives": sorted(cast("Mapping[str, Any]", snapshot.negatives)),
    }
