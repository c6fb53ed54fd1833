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
_UNAVAILABLE_SECONDS: Final = 30.0
_ELSEWHERE: Final = ("25006", "3F000", "42501", "42883")
"""Read-only, unknown schema, no privilege, unknown function: the URL leads to another database."""


class DirectUnavailableError(Exception):
    """Postgres cannot be used directly; the request is safe to repeat through the data API."""


@dataclass(slots=True)
class DirectPostgres:
    """Apply events over connections of our own, without prepared statements for poolers' sake.

    After a failed connection it is unavailable for 30 s.
    """

    url: str
    answer_seconds: float = _ANSWER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _idle: "list[Connection]" = field(default_factory=list["Connection"], init=False)
    _unavailable_until: float = field(default=0.0, init=False)

    async def apply(self, events: bytes) -> list[Any]:
        """Return what public.apply_call_events_v1 returns for a JSON array.

        Raises RefusedError, DirectUnavailableError, and NotStoredError after `answer_seconds`.
        """
        connection = self._idle.pop() if self._idle else await self._connect()
        deadline = self.clock() + self.answer_seconds
        # Not cancelled: psycopg would wait until the server has received the cancellation.
        cutting = asyncio.get_running_loop().call_later(self.answer_seconds, _cut, connection)
        try:
            return await self._execute(connection, events)
        except DirectUnavailableError as exc:
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
        import psycopg  # imported only where the URL is set

        if self.clock() < self._unavailable_until:
            raise DirectUnavailableError
        try:
            return await psycopg.AsyncConnection.connect(
                self.url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=_CONNECT_SECONDS,
                application_name=_APPLICATION,
            )
        except psycopg.Error as exc:
            raise self._disable() from exc

    async def _execute(self, connection: "Connection", events: bytes) -> list[Any]:
        import psycopg

        try:
            cursor = psycopg.AsyncRawCursor(connection)
            await cursor.execute(_APPLY, [events.decode()])
            answers = await cursor.fetchone()
        except psycopg.Error as exc:
            if connection.closed:
                raise DirectUnavailableError from exc
            if exc.sqlstate is None or exc.sqlstate in _ELSEWHERE:
                raise self._disable() from exc
            raise RefusedError(exc.sqlstate, exc.diag.message_primary or "") from exc
        assert answers is not None
        return from_json(answers[0])

    def _disable(self) -> DirectUnavailableError:
        self._unavailable_until = self.clock() + _UNAVAILABLE_SECONDS
        return DirectUnavailableError()


def _cut(connection: "Connection") -> None:
    if connection.closed:
        return
    with socket.socket(fileno=socket.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
