"""Retries calls of the data API while the database is unavailable."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import httpx
from postgrest.exceptions import APIError

from shared.database.clients import translate_database_error
from shared.errors import UnavailableError

_PAUSE: Final = 0.25

Result = TypeVar("Result")


async def retry_while_unavailable(
    call: Callable[[], Awaitable[Result]], database_url: str, seconds: float
) -> Result:
    """Return the result of `call`, retried for up to `seconds` while the database is unavailable.

    Raises the last exception of `call` after that, and any other exception at once.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + seconds
    while True:
        try:
            return await call()
        except (httpx.TransportError, APIError) as exc:
            error = translate_database_error(exc, database_url)
            if not isinstance(error, UnavailableError) or loop.time() >= ends_at:
                raise
        await asyncio.sleep(_PAUSE)
