"""Caches templates in the process, above a snapshot in the database.

A copy is used without a query for CHECK_SECONDS; then one query asks whether the tables have
changed since (a revision that triggers count) and, only if so, brings the stored snapshot. After
TTL_SECONDS the snapshot is loaded again in any case. A snapshot that is missing, older than a day,
of an earlier revision, or altered is built again from the tables. While the database is down, an
old copy serves.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from shared.errors import UnavailableError
from shared.prompts.snapshot import (
    BrokenSnapshotError,
    Document,
    Snapshot,
    build_document,
    is_too_old,
    read_document,
)

TTL_SECONDS: Final = 300.0
CHECK_SECONDS: Final = 5.0

Source = Literal["process", "snapshot", "database", "stale"]
"""Where an answer came from: this process, the stored snapshot, the tables, an outdated copy."""


class PromptStore(Protocol):
    """The database's side of the cache. Raises UnavailableError when it cannot be reached."""

    async def load(self, known_revision: int | None) -> tuple[int, Document | None]:
        """Return the tables' revision and, unless it is the known one, the stored snapshot."""
        ...

    async def read_tables(self) -> Mapping[str, Any]:
        """Return {revision, templates, negatives}, the active rows."""
        ...

    async def save(self, document: Document) -> None:
        """Store the snapshot, unless a newer one is stored."""
        ...


@dataclass(slots=True)
class CacheCounters:
    """What the cache has done in this process."""

    hits: int = 0
    misses: int = 0
    queries: int = 0
    rebuilds: int = 0
    broken: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Cached:
    """The templates, and where they came from."""

    snapshot: Snapshot
    source: Source

    @property
    def is_hit(self) -> bool:
        return self.source != "database"


@dataclass(slots=True)
class PromptCache:
    """The templates of this process; concurrent requests share one query."""

    clock: Callable[[], float] = time.monotonic
    counters: CacheCounters = field(default_factory=CacheCounters)
    _snapshot: Snapshot | None = field(default=None, init=False)
    _loaded_at: float = field(default=0.0, init=False)
    _checked_at: float = field(default=0.0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def get(self, store: PromptStore) -> Cached:
        """Return the templates. Raises UnavailableError if there is no copy and no database."""
        if (known := self._fresh()) is None:
            async with self._lock:
                if (known := self._fresh()) is None:
                    return self._count(await self._refresh(store))
        return self._count(Cached(known, "process"))

    async def rebuild(self, store: PromptStore) -> Snapshot:
        """Build the snapshot from the tables, store it and use it from now on."""
        async with self._lock:
            return await self._rebuild(store)

    def invalidate(self) -> None:
        """Ask the database at the next use."""
        self._checked_at = -CHECK_SECONDS

    def describe(self) -> dict[str, int]:
        """Return the counters by name."""
        return asdict(self.counters)

    def _fresh(self) -> Snapshot | None:
        if self._snapshot is None or self.clock() - self._checked_at >= CHECK_SECONDS:
            return None
        return self._snapshot

    def _count(self, cached: Cached) -> Cached:
        if cached.is_hit:
            self.counters.hits += 1
        else:
            self.counters.misses += 1
        return cached

    async def _refresh(self, store: PromptStore) -> Cached:
        known = self._snapshot
        try:
            return await self._load(store)
        except UnavailableError:
            if known is None:
                raise
            self.counters.stale += 1
            self._checked_at = self.clock()  # no query for each request while it is down
            return Cached(known, "stale")

    async def _load(self, store: PromptStore) -> Cached:
        known = self._snapshot
        if known is not None and self.clock() - self._loaded_at >= TTL_SECONDS:
            known = None
        self.counters.queries += 1
        revision, document = await store.load(known.revision if known else None)
        if known is not None and revision == known.revision:
            self._checked_at = self.clock()
            return Cached(known, "process")
        try:
            stored = read_document(document) if document is not None else None
        except BrokenSnapshotError:
            self.counters.broken += 1
            stored = None
        if stored is None or stored.revision != revision or is_too_old(stored, datetime.now(UTC)):
            return Cached(await self._rebuild(store), "database")
        self._use(stored)
        return Cached(stored, "snapshot")

    async def _rebuild(self, store: PromptStore) -> Snapshot:
        self.counters.rebuilds += 1
        self.counters.queries += 2
        tables = await store.read_tables()
        document = build_document(
            tables["revision"], tables["templates"], tables["negatives"], datetime.now(UTC)
        )
        snapshot = read_document(document)
        self._use(snapshot)
        await store.save(document)
        return snapshot

    def _use(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._loaded_at = self._checked_at = self.clock()
