"""The connection pool and the schema cache, reloaded on NOTIFY and after an unknown name.

Follows PostgREST's AppState.hs and Listener.hs.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any, Final

import psycopg

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.environment import ROLE_SETTINGS, Settings
from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.pool import Connection, Pool, connect, open_connection
from edge.emulator.rest.schema.catalog import QUERIES, CatalogRows, build_cache
from edge.emulator.rest.schema.model import SchemaCache
from edge.errors import EdgeError

_LOG: Final = logging.getLogger(__name__)
_CHANNEL: Final = b"listen pgrst"
_RELOADS: Final = frozenset(("", "reload schema", "reload config"))
_LIMIT: Final = b"set local statement_timeout = '10s'"
_RECONNECT_PAUSE: Final = 0.5
_SLICE: Final = 100


class Database:
    """The connection pool of one database, and its schema cache.

    `base` is the configuration without settings of the login role; `adopt` is called with the whole
    when they have changed it.
    """

    def __init__(self, dsn: str, config: RestConfig, base: RestConfig) -> None:
        self.pool = Pool(dsn, size=config.pool_size, timeout=config.pool_timeout)
        self.config = config
        self.adopt: Callable[[RestConfig], None] | None = None
        self._dsn = dsn
        self._base = base
        self._cache: SchemaCache | None = None
        self._loading = asyncio.Lock()
        self._checked_at = 0.0
        self._listener: asyncio.Task[None] | None = None
        self._listening: Connection | None = None

    async def open(self, connection: Connection | None = None) -> None:
        """Load the cache; if Postgres is unreachable, the first request that reaches it does.

        A `connection` that is given is used for it, and closed at the end.
        """
        self._listening = connection
        warming = asyncio.create_task(self.pool.warm())
        with _logged():
            await self._subscribe()
        await warming
        self._listener = asyncio.create_task(self._listen(), name="rest-schema-listener")

    async def close(self) -> None:
        """End the listener and the connections, whatever each of them waits for."""
        try:
            if self._listener:
                self._listener.cancel()
                await asyncio.gather(self._listener, return_exceptions=True)
        finally:
            self._hang_up()
            await self.pool.close()

    async def schema(self) -> SchemaCache:
        """Return the schema cache; raises PGRST002 while it cannot be loaded."""
        return self._cache or await self._load_first()

    async def reload(self) -> SchemaCache:
        async with self._loading:
            self._cache = await self._load()
            return self._cache

    async def refresh_after_miss(self) -> bool:
        """Reload the cache if the catalogue has changed; returns whether it was reloaded."""
        before, missed_at = self._cache, time.monotonic()
        async with self._loading:
            # Concurrent misses share one check: any that began after this miss is recent enough.
            # A cache that was loaded meanwhile may have been read before the catalogue changed.
            if self._checked_at < missed_at:
                self._checked_at = time.monotonic()
                found = self._cache
                if found is None or await self._fingerprint() != found.fingerprint:
                    self._cache = await self._reload_or(found)
            return self._cache is not before

    async def _reload_or(self, before: SchemaCache | None) -> SchemaCache:
        if before is None:
            return await self._load()
        with _logged():
            return await self._load()
        return before

    async def _load_first(self) -> SchemaCache:
        async with self._loading:
            if self._cache is None:
                self._cache = await self._load()
            return self._cache

    async def _fingerprint(self) -> str:
        try:
            async with connect(self._dsn) as connection:
                rows = await _fetch(connection, "fingerprint")
        except psycopg.Error as exc:
            raise rest_error("PGRST001", details=str(exc)) from exc
        return rows[0]["fingerprint"]

    async def _configure(self, connection: Connection) -> None:
        """Read the login role's settings, which win over the given ones."""
        if not self._base.reads_role_settings:
            return
        rows = await (await connection.execute(ROLE_SETTINGS)).fetchall()
        try:
            config = Settings({row["name"]: row["value"] for row in rows}).config(self._base)
        except EdgeError as exc:
            _LOG.warning("The settings of the login role are not taken: %s", exc)
            return
        if config != self.config:
            self.config = config
            if self.adopt:
                self.adopt(config)

    async def _load(self) -> SchemaCache:
        async with connect(self._dsn) as connection:
            return await self._load_from(connection)

    async def _load_from(self, connection: Connection) -> SchemaCache:
        try:
            await self._configure(connection)
            rows = await self._read_catalogue(connection)
        except psycopg.Error as exc:
            raise rest_error("PGRST002", details=str(exc)) from exc
        return await asyncio.to_thread(build_cache, rows)

    async def _read_catalogue(self, connection: Connection) -> CatalogRows:
        """Read all rows in one round trip, and those of the views, which may fail, in another."""
        schemas = list(self.config.schemas)
        path = list(dict.fromkeys((*reversed(self.config.extra_search_path), *schemas)))
        values = {"media_handlers": schemas, "routines": schemas, "types": path}
        async with connection.transaction():
            async with connection.pipeline():
                await connection.execute("set local search_path to ''")
                cursors = {
                    name: await connection.execute(query, [values[name]] if name in values else ())
                    for name, query in QUERIES.items()
                    if name != "view_keys"
                }
                rows: dict[str, Any] = {
                    name: await fetch_in_slices(cursor) for name, cursor in cursors.items()
                }
            fingerprint: str = rows.pop("fingerprint")[0]["fingerprint"]
            view_keys = await _fetch_view_keys(connection, schemas, path)
        return CatalogRows(**rows, fingerprint=fingerprint, schemas=schemas, view_keys=view_keys)

    async def _listen(self) -> None:
        """Reload the cache on `NOTIFY pgrst, 'reload schema'`, reconnecting when needed."""
        while True:
            with _logged():
                connection = self._listening or await self._subscribe()
                async with aclosing(connection.notifies()) as notifications:
                    async for notification in notifications:
                        if notification.payload in _RELOADS:
                            with _logged():
                                await self.reload()
            self._hang_up()
            await asyncio.sleep(_RECONNECT_PAUSE)

    async def _subscribe(self) -> Connection:
        """Listen, and load what may have changed before: all of it, on the same connection."""
        connection = self._listening or await open_connection(self._dsn)
        try:
            await connection.execute(_CHANNEL)
            async with self._loading:
                self._cache = await self._load_from(connection)
        except BaseException:
            self._listening = None
            connection.finish()
            raise
        self._listening = connection
        return connection

    def _hang_up(self) -> None:
        connection, self._listening = self._listening, None
        if connection:
            connection.finish()


@contextmanager
def _logged() -> Generator[None]:
    """Log a failure to read the catalogue; the cache of before goes on serving."""
    try:
        yield
    except (RestError, psycopg.Error) as exc:
        details = exc.details if isinstance(exc, RestError) else None
        _LOG.warning("The schema cache cannot be loaded: %s", details or exc)


async def fetch_in_slices(cursor: psycopg.AsyncCursor[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all rows, decoded in slices: those of thousands of tables take a tenth of a second."""
    rows: list[dict[str, Any]] = []
    while some := await cursor.fetchmany(_SLICE):
        rows += some
        if len(some) < _SLICE:
            break
        await asyncio.sleep(0)
    return rows


async def _fetch_view_keys(
    connection: Connection, schemas: list[str], path: list[str]
) -> list[dict[str, Any]]:
    """Return the keys that views show; none if their definitions take too long to read."""
    try:
        async with connection.transaction():
            await connection.execute(_LIMIT)
            return await _fetch(connection, "view_keys", schemas, path)
    except psycopg.errors.QueryCanceled:
        _LOG.warning("Views are not embedded: reading their definitions takes over 10 s")
        return []


async def _fetch(connection: Connection, name: str, *values: Any) -> list[dict[str, Any]]:
    return await fetch_in_slices(await connection.execute(QUERIES[name], values or None))
