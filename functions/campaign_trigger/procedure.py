"""A call of one of the database's functions: one round trip, one transaction."""

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from supabase import AsyncClient


async def call_procedure(database: "AsyncClient", name: str, arguments: dict[str, Any]) -> Any:
    """What it returns, as JSON."""
    return cast("Any", (await database.rpc(name, arguments).execute()).data)
