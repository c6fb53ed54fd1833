"""Wait for notifications of one channel, over a connection that is made again when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql

Connection = psycopg.AsyncConnection[Any]
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0


async def listen(dsn: str, channel: str, on_wake: Callable[[Connection], Awaitable[float]]) -> None:
    """Call `on_wake` at once and after each notification, for ever.

    It returns the seconds after which it is called without one. Its connection is made again when
    it fails.
    """
    pause = _FIRST_PAUSE
    while True:
        with suppress(psycopg.Error):
            async with await Connection.connect(
                dsn, autocommit=True, connect_timeout=5, application_name=channel
            ) as connection:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                pause = _FIRST_PAUSE
                while True:
                    seconds = await on_wake(connection)
                    await _wait(connection, seconds)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _wait(connection: Connection, seconds: float) -> None:
    async for _ in connection.notifies(timeout=max(seconds, 0.001), stop_after=1):
        pass
