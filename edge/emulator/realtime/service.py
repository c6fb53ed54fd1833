"""The realtime service: sockets, the hub, the feed of changes, and what is done now and then.

Nothing is read from the database while no channel exists.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import psycopg
from starlette.applications import Starlette

from edge.emulator.postgres.pool import (
    Connector,
    Pool,
    PoolBusyError,
    PostgresUnreachableError,
)
from edge.emulator.realtime.authorization import Authorizer
from edge.emulator.realtime.changes.catalog import Catalog
from edge.emulator.realtime.changes.feed import ChangeFeed
from edge.emulator.realtime.http import BroadcastApi
from edge.emulator.realtime.hub import Hub
from edge.emulator.realtime.limits import Quota
from edge.emulator.realtime.parsing import Parser
from edge.emulator.realtime.session import Session, SessionParts
from edge.emulator.realtime.socket import RealtimeSocket
from edge.emulator.realtime.tokens import Identity, identify
from edge.tokens import Keys

_LOG: Final = logging.getLogger(__name__)
_POOL_SIZE: Final = 4
_POOL_TIMEOUT: Final = 10.0
# One subscriber's filter, or a slow policy, must not hold back everybody's changes.
_OPTIONS: Final = "-c timezone=UTC -c statement_timeout=2s"
_CHECK_SECONDS: Final = 5.0
_UNUSED_SECONDS: Final = 30.0
_EXPIRE: Final = """
delete from realtime.messages
where inserted_at < now() at time zone 'utc' - interval '3 days'"""
_EXPIRY_SECONDS: Final = 3600.0


@dataclass(slots=True)
class RealtimeService:
    """Serves sockets and the HTTP API; `dsn` logs in as the superuser, `tokens` maps sb_ keys.

    With `is_limited` the platform's limits apply.
    """

    dsn: str
    keys: Keys
    tokens: Mapping[str, str]
    is_limited: bool = False
    hub: Hub = field(default_factory=Hub, init=False)
    feed: ChangeFeed = field(init=False)
    _pool: Pool = field(init=False)
    _authorizer: Authorizer = field(init=False)
    _parser: Parser = field(default_factory=Parser, init=False)
    _quota: Quota = field(init=False)
    _sockets: set[RealtimeSocket] = field(default_factory=set[RealtimeSocket], init=False)
    _checking: asyncio.Task[None] | None = field(default=None, init=False)
    _unused_since: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        connector = Connector(f"{self.dsn} options='{_OPTIONS}'", "edge-realtime")
        self._pool = Pool(connector, size=_POOL_SIZE, timeout=_POOL_TIMEOUT)
        self._authorizer = Authorizer(self._pool)
        self._quota = Quota(self.is_limited)
        self.feed = ChangeFeed(self.hub, Catalog(self._pool), self.dsn, self._close_subscribers)

    def start(self) -> Starlette:
        """Start the periodic checks; returns the app of the HTTP API."""
        self._checking = asyncio.create_task(self._check())
        return BroadcastApi(
            self.keys, self.hub, self._authorizer, self._parser, self._quota
        ).create_app()

    async def close(self) -> None:
        for socket in list(self._sockets):
            socket.shutdown()
        if self._checking:
            self._checking.cancel()
        self._parser.close()
        await self.feed.stop()
        await self._pool.close()

    def create_socket(self) -> RealtimeSocket:
        """Return the protocol of a new connection."""
        socket = RealtimeSocket(self)
        self._sockets.add(socket)
        return socket

    @property
    def sockets(self) -> int:
        """How many are connected."""
        return len(self._sockets)

    def may_connect(self) -> bool:
        """Return whether the sockets are within the project's limit."""
        return self._quota.may_connect(len(self._sockets))

    def authenticate(self, key: str) -> Identity:
        """Return the identity of an API key or a token. Raises InvalidTokenError."""
        return identify(self.tokens.get(key, key), self.keys)

    def open_session(self, socket: RealtimeSocket, identity: Identity) -> Session:
        parts = SessionParts(self.hub, self._authorizer, self.feed, self._parser, self._quota)
        return Session(socket, self.keys, identity, parts)

    def forget(self, socket: RealtimeSocket) -> None:
        self._sockets.discard(socket)

    def _close_subscribers(self) -> None:
        """Close sockets that may have missed changes: their clients connect and read again."""
        for socket in list(self._sockets):
            if socket.session and socket.session.has_subscriptions():
                socket.close(1012, "Changes may have been missed")

    async def _check(self) -> None:
        next_expiry = time.monotonic() + _EXPIRY_SECONDS
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            now = time.monotonic()
            for socket in list(self._sockets):
                if socket.is_idle(now):
                    socket.close(1000, "")
                elif socket.session:
                    socket.session.check_tokens()
            await self._stop_if_unused(now)
            if now > next_expiry:
                next_expiry = now + _EXPIRY_SECONDS
                await self._expire_messages()

    async def _stop_if_unused(self, now: float) -> None:
        if not self.hub.is_empty():
            self._unused_since = None
        elif self._unused_since is None:
            self._unused_since = now
        elif now - self._unused_since > _UNUSED_SECONDS:
            await self.feed.stop()

    async def _expire_messages(self) -> None:
        try:
            async with self._pool.connection() as connection:
                await connection.execute(_EXPIRE.encode())
        except (psycopg.Error, PoolBusyError, PostgresUnreachableError) as exc:
            _LOG.warning("Old messages are not deleted: %s", exc)
