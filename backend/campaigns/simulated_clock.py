"""Simulated clock of campaigns: replaces telephony.now() in a project with emulated phones."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql


def set_simulated_clock(
    connection: psycopg.Connection[Any], shows: datetime | None, rate: float = 1
) -> None:
    """Set telephony.now() to `shows`, running at `rate` times real time; None for real time."""
    body = sql.SQL("select pg_catalog.now()")
    if shows is not None:
        body = sql.SQL("select {}::timestamptz + (pg_catalog.now() - {}::timestamptz) * {}").format(
            shows.isoformat(), datetime.now(UTC).isoformat(), float(rate)
        )
    connection.execute(
        sql.SQL(
            "create or replace function telephony.now() returns timestamptz language sql stable"
            " as {}"
        ).format(body.as_string(connection))
    )
