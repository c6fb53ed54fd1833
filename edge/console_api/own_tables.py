"""Tables of the console's own, made when they are first needed; the data API does not show them."""

from typing import Any, Final

from edge.console_api.context import ConsoleContext

_SCHEMA: Final = (
    "create schema if not exists edge_console",
    "revoke all on schema edge_console from public",
)


async def ensure_table(context: ConsoleContext, connection: Any, create: str) -> None:
    """Execute `create`, once a connection; others make tables of the schema as well.

    A database that takes the place of another one ends all connections.
    """
    ensured = context.ensured.setdefault(connection, set())
    if create in ensured:
        return
    await connection.execute("select pg_advisory_lock(730422)")
    try:
        for statement in (*_SCHEMA, create):
            await connection.execute(statement)
    finally:
        await connection.execute("select pg_advisory_unlock(730422)")
    ensured.add(create)
