"""The stack's Postgres: started, migrated, and restarted when it dies."""

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
    """One cluster with the project's schema; `report` gets a sentence for the operator."""

    settings: Settings
    durable: bool
    report: Callable[[str], None]
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
        """Start and migrate; returns the data API's DSN (role `authenticator`)."""
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
        """Restart the server whenever it dies, and retry while it cannot start.

        After a crash its shared memory is in use until the last of its processes has ended.
        """
        reported = ""
        while True:
            await asyncio.sleep(_INTERVAL)
            if not self.cluster.has_died:
                continue
            if not reported:
                self.report("Postgres ended unexpectedly and is being restarted.")
            try:
                await asyncio.to_thread(self.cluster.prepare)
                self.cluster.launch()
                await asyncio.to_thread(self.cluster.wait_ready)
            except (EdgeError, OSError) as exc:
                if str(exc) != reported:
                    self.report(f"Restarting it failed and is retried. {exc}")
                reported = str(exc)
            else:
                reported = ""
