"""The stack's Postgres: started, migrated, and restarted when it dies."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.postgres.project_schema import Outcome, SchemaPlan, apply_plan, read_plan
from edge.errors import EdgeError
from edge.project.settings import Settings

_INTERVAL: Final = 0.5
_ROTATION_INTERVAL: Final = 10.0


def plan_schema(settings: Settings) -> SchemaPlan:
    """List what the project's database gets, by supabase/ and its config.toml."""
    config = settings.config
    plan = read_plan(
        settings.root / "supabase",
        migrations=config.database.migrations,
        seed_patterns=config.database.seed_paths,
        vault=config.database.vault,
    )
    buckets = config.storage.buckets
    return replace(plan, buckets=buckets, exposes_new_tables=config.exposes_new_tables)


@dataclass(slots=True)
class LocalDatabase:
    """One cluster with the project's schema; `report` gets a sentence for the operator."""

    settings: Settings
    durable: bool
    report: Callable[[str], None]
    cluster: Cluster = field(init=False)
    outcome: Outcome = field(default_factory=Outcome, init=False)
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
        self.outcome = await asyncio.to_thread(self._migrate)
        self._watching = asyncio.create_task(self._watch())
        return self.cluster.dsn(user="authenticator")

    async def close(self) -> None:
        if self._watching:
            self._watching.cancel()
        await asyncio.to_thread(self.cluster.stop)

    def _migrate(self) -> Outcome:
        bootstrap(self.cluster.dsn())
        if self.settings.migrations == "skip":
            return Outcome(notes=["The migrations and seeds are skipped, as asked."])
        return apply_plan(
            self.cluster.dsn(user="postgres"),
            plan_schema(self.settings),
            keep_going=self.settings.migrations == "keep-going",
        )

    async def _watch(self) -> None:
        """Restart the server whenever it dies, and retry while it cannot start.

        After a crash its shared memory is in use until the last of its processes has ended.
        """
        reported, rotates_at = "", 0.0
        while True:
            await asyncio.sleep(_INTERVAL)
            if time.monotonic() >= rotates_at:
                rotates_at = time.monotonic() + _ROTATION_INTERVAL
                await asyncio.to_thread(self.cluster.rotate_log)
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
