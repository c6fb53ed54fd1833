"""Events into the database on a connection of the worker's own, where SUPABASE_DB_URL leads.

It saves the data API's part, a third of a webhook's time. It is a short cut and no more: where it
does not lead, for whatever reason, the caller takes the data API.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from shared.telephony.errors import RefusedError, unreachable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.AsyncConnection[Any]

_APPLY: Final = "select public.apply_call_events_v1(events => $1::jsonb)::text"
_APPLICATION: Final = "edge-call-events"
_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 20.0
_CLOSED_FOR_SECONDS: Final = 30.0
_ELSEWHERE: Final = ("25006", "3F000", "42501", "42883")
"""A replica, no such schema, no such right, no such function: not what the URL should lead to."""


class NoWayError(Exception):
    """Nothing was done, or what was done can be done again: take the data API."""


@dataclass(slots=True)
class DirectPostgres:
    """As many connections as are needed at once; nothing is prepared, so that any pooler will do.

    After a failed connection it is not tried again for half a minute.
    """

    url: str
    answer_seconds: float = _ANSWER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _idle: "list[Connection]" = field(default_factory=list["Connection"], init=False)
    _closed_until: float = field(default=0.0, init=False)

    async def apply(self, events: bytes) -> list[Any]:
        """The answers of public.apply_call_events_v1 to a JSON array.

        RefusedError, NoWayError; NotStoredError when no answer comes in time.
        """
        connection = self._idle.pop() if self._idle else await self._connect()
        deadline = self.clock() + self.answer_seconds
        # Not by a cancellation: psycopg would wait until the server has heard of that.
        cutting = asyncio.get_running_loop().call_later(self.answer_seconds, _cut, connection)
        try:
            return await self._execute(connection, events)
        except NoWayError as exc:
            if self.clock() < deadline:
                raise
            raise unreachable() from exc
        finally:
            cutting.cancel()
            if connection.closed:
                await connection.close()
            else:
                self._idle.append(connection)

    async def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> "Connection":
        import psycopg  # here, so that only who has the URL pays for importing it

        if self.clock() < self._closed_until:
            raise NoWayError
        try:
            return await psycopg.AsyncConnection.connect(
                self.url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=_CONNECT_SECONDS,
                application_name=_APPLICATION,
            )
        except psycopg.Error as exc:
            raise self._close_way() from exc

    async def _execute(self, connection: "Connection", events: bytes) -> list[Any]:
        import psycopg

        try:
            cursor = psycopg.AsyncRawCursor(connection)
            await cursor.execute(_APPLY, [events.decode()])
            answers = await cursor.fetchone()
        except psycopg.Error as exc:
            if connection.closed:
                raise NoWayError from exc
            if exc.sqlstate is None or exc.sqlstate in _ELSEWHERE:
                raise self._close_way() from exc
            raise RefusedError(exc.sqlstate, exc.diag.message_primary or "") from exc
        assert answers is not None
        return from_json(answers[0])

    def _close_way(self) -> NoWayError:
        self._closed_until = self.clock() + _CLOSED_FOR_SECONDS
        return NoWayError()


def _cut(connection: "Connection") -> None:
    if connection.closed:
        return
    with socket.socket(fileno=socket.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
