"""Rows of the schema edge_console: fetched within a time limit, and rendered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, cast

import psycopg

from edge.console_api.errors import ApiError
from edge.emulator.postgres.pool import Connection

_TIMEOUT: Final = "set statement_timeout = '10s'"
_MISSING: Final = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)


async def fetch(connection: Connection, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows; none while nothing has been recorded. Raises ApiError if it takes long."""
    try:
        await connection.execute(_TIMEOUT)
        found = await connection.execute(cast("LiteralString", query), values)
        return await found.fetchall()
    except _MISSING:
        return []
    except psycopg.errors.QueryCanceled as exc:
        raise ApiError(
            400, "QUERY_TOO_SLOW", "The search takes too long.", "Narrow it: from=1h"
        ) from exc


def render_time(moment: datetime) -> str:
    """Return the time in UTC, with microseconds."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
