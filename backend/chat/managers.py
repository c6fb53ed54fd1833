"""Client managers: how instances of the backend share rooms."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

import psycopg
import socketio
from psycopg import sql
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from socketio.async_pubsub_manager import AsyncPubSubManager

from backend.chat.acknowledgements import AcknowledgingManager

_CHANNEL: Final = "chat"
_LONGEST_PAYLOAD: Final = 7_900
"""Bytes; Postgres refuses notifications of 8,000 and more."""
_PUBLISH_SECONDS: Final = 5.0
_LISTEN_SECONDS: Final = 5.0
_SILENT_SECONDS: Final = 10.0
"""After which the connection is asked whether it is still there."""
_ANSWER_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_log = logging.getLogger("chat")


def choose_manager(database_url: str, redis_url: str) -> AcknowledgingManager:
    """Return Redis's manager where a URL is given, Postgres's, or one for a single instance."""
    if redis_url:
        return RedisManager(redis_url, channel=_CHANNEL)
    if database_url.startswith("sqlite:"):
        return AcknowledgingManager()
    return PostgresManager(database_url)


async def start_listening(
    server: socketio.AsyncServer, on_subscribe: Callable[[float], None]
) -> None:
    """Wait until the server hears the other instances, up to 5 s.

    Socket.IO begins to listen when the first client connects: what others send in the first moments
    of that client would be lost. See Subscription for `on_subscribe`.
    """
    manager = server.manager
    server.manager_initialized = True
    if isinstance(manager, RedisManager | PostgresManager):
        manager.subscription.on_subscribe = on_subscribe
    manager.initialize()
    manager.json = json  # instances may send more values than clients
    if isinstance(manager, RedisManager | PostgresManager):
        try:
            async with asyncio.timeout(_LISTEN_SECONDS):
                await manager.subscription.is_confirmed.wait()
        except TimeoutError:
            _log.warning("Rooms are not shared yet: the other instances cannot be heard.")


class Subscription:
    """What the other instances send; `is_confirmed` is set once it is heard.

    `on_subscribe` is called each time that it begins, with the seconds since it was heard last:
    what was sent meanwhile is lost.
    """

    def __init__(self) -> None:
        self.is_confirmed = asyncio.Event()
        self.on_subscribe: Callable[[float], None] | None = None
        self._heard_at = time.monotonic()

    def hear(self) -> None:
        """Note that the connection works."""
        self._heard_at = time.monotonic()

    def confirm(self) -> None:
        """Note that the subscription has begun."""
        if self.on_subscribe:
            self.on_subscribe(time.monotonic() - self._heard_at)
        self.hear()
        self.is_confirmed.set()


class RedisManager(socketio.AsyncRedisManager, AcknowledgingManager):
    """Manager over Redis."""

    def __init__(self, url: str, channel: str = _CHANNEL) -> None:
        super().__init__(url, channel=channel)
        self.subscription = Subscription()

    async def _listen(self) -> AsyncGenerator[bytes]:
        """Yield what instances published; connects again after growing pauses."""
        pause = _FIRST_PAUSE
        while True:
            try:
                if not self.connected:
                    self._redis_connect()
                async with self.redis.pubsub() as pubsub:
                    await pubsub.subscribe(self.channel)
                    async for message in self._receive(pubsub):
                        pause = _FIRST_PAUSE
                        yield message
            except (RedisError, OSError):
                _log.warning("Rooms are not shared: Redis cannot be reached. Trying again.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _receive(self, pubsub: Any) -> AsyncGenerator[bytes]:
        """Yield messages; the client subscribes again by itself. Raises RedisError."""
        is_asked = False
        while True:
            seconds = _ANSWER_SECONDS if is_asked else _SILENT_SECONDS
            message = await pubsub.get_message(timeout=seconds)
            if message is None:
                if is_asked:
                    raise RedisConnectionError("Redis does not answer.")
                await pubsub.ping()
            elif message["type"] == "subscribe":
                self.subscription.confirm()
            else:
                self.subscription.hear()
                if message["type"] == "message":
                    yield message["data"]
            is_asked = message is None


class PostgresManager(AsyncPubSubManager, AcknowledgingManager):
    """Manager over LISTEN and NOTIFY; a longer message goes through chat.notifications."""

    name = "postgres"

    def __init__(self, url: str, channel: str = _CHANNEL) -> None:
        super().__init__(channel=channel)
        self._url = url
        self._publisher: psycopg.AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()
        self.subscription = Subscription()

    async def _publish(self, data: Mapping[str, Any]) -> None:
        """Notify the other instances; two attempts. Raises psycopg.Error, TimeoutError."""
        payload = json.dumps(data)
        async with self._lock:
            for is_last in (False, True):
                try:
                    async with asyncio.timeout(_PUBLISH_SECONDS):
                        await self._notify(payload)
                except (psycopg.Error, TimeoutError):
                    await self._hang_up()
                    if is_last:
                        raise
                else:
                    return

    async def _hang_up(self) -> None:
        """Close a connection that failed, or that did not answer in time."""
        connection, self._publisher = self._publisher, None
        if connection:
            await connection.close()

    async def _notify(self, payload: str) -> None:
        connection = self._publisher
        if connection is None or connection.closed:
            connection = self._publisher = await self._connect()
        if len(payload.encode()) <= _LONGEST_PAYLOAD:
            await connection.execute("select pg_notify(%s, %s)", (self.channel, payload))
            return
        await connection.execute(
            "with old as (delete from chat.notifications"
            " where created_at < now() - interval '1 minute'), stored as ("
            " insert into chat.notifications (payload) values (%s) returning id)"
            " select pg_notify(%s, id::text) from stored",
            (payload.encode(), self.channel),
        )

    async def _listen(self) -> AsyncGenerator[str]:
        """Yield what instances published; connects again after growing pauses."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with await self._connect() as listener:
                    await listener.execute(
                        sql.SQL("listen {}").format(sql.Identifier(self.channel))
                    )
                    self.subscription.confirm()
                    pause = _FIRST_PAUSE
                    async for notification in self._receive(listener):
                        if message := await self._read(notification):
                            yield message
            except (psycopg.Error, TimeoutError):
                _log.warning("Rooms are not shared: the database cannot be reached. Trying again.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _receive(self, listener: psycopg.AsyncConnection[Any]) -> AsyncGenerator[str]:
        """Yield payloads. Raises psycopg.Error, TimeoutError."""
        while True:
            async for notification in listener.notifies(timeout=_SILENT_SECONDS):
                self.subscription.hear()
                yield notification.payload
            async with asyncio.timeout(_ANSWER_SECONDS):
                await listener.execute("select")
            self.subscription.hear()

    async def _read(self, payload: str) -> str | None:
        if not payload.isdecimal():
            return payload
        async with self._lock:
            connection = self._publisher
            if connection is None or connection.closed:
                connection = self._publisher = await self._connect()
            cursor = await connection.execute(
                "select payload from chat.notifications where id = %s", (int(payload),)
            )
            row = await cursor.fetchone()
        return bytes(row[0]).decode() if row else None

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=10, prepare_threshold=None
        )
