"""The stack's Postgres: made ready, migrated, and started again when it dies."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import Migration, bootstrap, find_migrations, migrate
from edge.errors import EdgeError
from edge.project.settings import Settings

_INTERVAL: Final = 0.5


@dataclass(slots=True)
class LocalDatabase:
    """One cluster with the project's schema; `tell` is given a sentence for the operator."""

    settings: Settings
    durable: bool
    tell: Callable[[str], None]
    cluster: Cluster = field(init=False)
    applied: list[Migration] = field(default_factory=list[Migration], init=False)
    _watching: asyncio.Task[None] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.cluster = Cluster(
            self.settings.state_dir / "postgres",
            port=self.settings.db_port,
            tcp=True,
            durable=self.durable,
        )

    async def start(self) -> str:
        """Start and migrate; the DSN that the data API logs in with."""
        await asyncio.to_thread(self.cluster.prepare)
        self.cluster.launch()
        await asyncio.to_thread(self.cluster.wait_ready)
        self.applied = await asyncio.to_thread(self._migrate)
        self._watching = asyncio.create_task(self._watch())
        return self.cluster.dsn(user="authenticator")

    async def close(self) -> None:
        if self._watching:
            self._watching.cancel()
        await asyncio.to_thread(self.cluster.stop)

    def _migrate(self) -> list[Migration]:
        supabase = self.settings.root / "supabase"
        bootstrap(self.cluster.dsn())
        dsn = self.cluster.dsn(user="postgres")
        return migrate(dsn, find_migrations(supabase / "migrations"), supabase / "seed.sql")

    async def _watch(self) -> None:
        """For as long as the stack runs: a server that cannot start now may a moment later, when
        the last of its own processes have let go of its memory."""
        said = ""
        while True:
            await asyncio.sleep(_INTERVAL)
            if not self.cluster.has_died:
                continue
            if not said:
                self.tell("Postgres ended unexpectedly and is started again.")
            try:
                await asyncio.to_thread(self.cluster.prepare)
                self.cluster.launch()
                await asyncio.to_thread(self.cluster.wait_ready)
            except (EdgeError, OSError) as exc:
                if str(exc) != said:
                    self.tell(f"It is tried again until it starts. {exc}")
                said = str(exc)
            else:
                said = ""
