"""The services of the local stack: emulated providers, Postgres, the data API, Auth, schedules.

`edge.stack` imports this in a thread, after the gateway listens: its imports take about a second,
and functions are answered meanwhile.
"""

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp

from edge.emulator.auth.mail.app import create_mailbox_app
from edge.emulator.auth.mail.mailbox import Mailbox
from edge.emulator.clock import Clock
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.local_database import LocalDatabase
from edge.emulator.postgres.project_schema import Outcome
from edge.gateway.lazy import LazyApp
from edge.project.providers import REPLICATE_WEBHOOK_SECRET
from edge.project.settings import Settings

if TYPE_CHECKING:
    from edge.emulator.postgres.cron import Cron
    from edge.emulator.realtime.service import RealtimeService
    from edge.emulator.rest.app import RestApp
    from edge.emulator.scheduler import Schedule, Scheduler

_LOG: Final = logging.getLogger(__name__)
_ON_A_DATABASE: Final = (
    "edge.emulator.rest.app",
    "edge.emulator.auth.app",
    "edge.emulator.storage.app",
    "edge.emulator.realtime.service",
    "edge.emulator.auth.project_config",
    "edge.emulator.storage.database",
    "edge.emulator.postgres.http_queue",
    "edge.emulator.postgres.cron",
    "edge.emulator.scheduler",
)


@dataclass(slots=True)
class Services:
    """What the gateway serves besides functions. Each `start_…` returns the ASGI app to mount."""

    settings: Settings
    durable: bool = True
    _clock: Clock = field(default_factory=Clock, init=False)
    _database: LocalDatabase | None = field(default=None, init=False)
    _is_migrated: bool = field(default=False, init=False)
    _mailbox: Mailbox = field(default_factory=Mailbox, init=False)
    realtime: "RealtimeService | None" = field(default=None, init=False)
    scheduler: "Scheduler | None" = field(default=None, init=False)
    cron: "Cron | None" = field(default=None, init=False)
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)

    @property
    def cluster(self) -> Cluster:
        """The local Postgres, once `start_database` was called."""
        assert self._database is not None
        return self._database.cluster

    @property
    def has_database(self) -> bool:
        """Whether the local Postgres has started and has its schema."""
        return self._is_migrated

    @property
    def schema(self) -> Outcome:
        """What this start has done to the database's schema."""
        return self._database.outcome if self._database else Outcome()

    async def close(self) -> None:
        """Stop everything, in reverse order."""
        await self._exits.aclose()

    def create_providers(self) -> ASGIApp:
        """Return the emulated providers, which are imported with their first request."""
        return LazyApp(self._create_providers, self._exits)

    def _create_providers(self) -> Starlette:
        from edge.emulator.providers.app import create_app
        from edge.emulator.providers.retell.simulation_config import SimulationConfig

        settings = self.settings
        calls = SimulationConfig(
            speed=settings.call_speed,
            webhook_url=settings.webhook_url,
            webhook_key=settings.secrets.get("RETELL_WEBHOOK_SECRET"),
        )
        return create_app(
            calls,
            self._clock,
            settings.secrets.get("REPLICATE_WEBHOOK_SECRET") or REPLICATE_WEBHOOK_SECRET,
            f"{settings.api_url}/providers/replicate",
        )

    def create_mailbox_app(self) -> ASGIApp:
        """Return the page and the API of the mails that Auth has sent."""
        return create_mailbox_app(self._mailbox)

    async def start_database(self) -> tuple[ASGIApp, ASGIApp, ASGIApp, ASGIApp]:
        """Start Postgres and migrate it; returns the data API, Auth, Storage and Realtime.

        Raises EdgeError if it cannot be started.
        """
        self._database = LocalDatabase(self.settings, self.durable, _LOG.error)
        self._exits.push_async_callback(self._database.close)
        dsn, _ = await asyncio.gather(
            self._database.start(), asyncio.to_thread(import_what_needs_a_database)
        )
        self._is_migrated = True
        from edge.emulator.postgres.http_queue import HttpQueue

        queue = HttpQueue(self.cluster.dsn(), self.settings.api_url)
        queue.start()
        self._exits.push_async_callback(queue.close)
        rest, storage = await self._start_rest(dsn), await self._start_storage()
        return rest, self._start_auth(), storage, self._start_realtime()

    def start_scheduler(self, url: str, schedules: "Callable[[], Iterator[Schedule]]") -> None:
        """Call functions below `url` by their schedules, as service_role, and run pg_cron jobs."""
        from edge.emulator.postgres.cron import Cron
        from edge.emulator.scheduler import Scheduler

        self.scheduler = scheduler = Scheduler(
            schedules, url, self.settings.service_role_key, self._clock
        )
        scheduler.start()
        self._exits.push_async_callback(scheduler.close)
        self.cron = cron = Cron(self.cluster.dsn(), self._clock)
        cron.start()
        self._exits.push_async_callback(cron.close)

    async def _start_rest(self, dsn: str) -> "RestApp":
        from edge.emulator.rest.app import RestApp, RestConfig

        config = RestConfig(
            schemas=self.settings.schemas,
            extra_search_path=self.settings.config.extra_search_path,
            max_rows=self.settings.max_rows,
            server_url=f"{self.settings.api_url}/rest/v1",
        )
        rest = RestApp(dsn, keys=self.settings.keys, config=config)
        self._exits.push_async_callback(rest.close)  # also when it is interrupted while it opens
        await rest.open()
        return rest

    def _start_auth(self) -> Starlette:
        from edge.emulator.auth.app import create_auth_app, create_pool
        from edge.emulator.auth.project_config import read_auth_config

        pool = create_pool(self.cluster.dsn(user="supabase_auth_admin"))
        self._exits.push_async_callback(pool.close)
        return create_auth_app(pool, read_auth_config(self.settings), self._mailbox)

    async def _start_storage(self) -> Starlette:
        from edge.emulator.storage.app import create_storage_app
        from edge.emulator.storage.config import StorageConfig
        from edge.emulator.storage.database import create_pool

        pool = create_pool(self.cluster.dsn(user="supabase_storage_admin"))
        self._exits.push_async_callback(pool.close)
        folder = self.settings.state_dir / "storage"
        config = StorageConfig(
            self.settings.keys,
            folder,
            self.settings.config.storage.file_size_limit,
            durable=self.durable,
            anon_keys=(self.settings.anon_key, self.settings.publishable_key),
        )
        storage = create_storage_app(pool, config)
        await self._exits.enter_async_context(storage.router.lifespan_context(storage))
        buckets = self.settings.config.storage.buckets
        folders = {name: bucket.objects for name, bucket in buckets.items() if bucket.objects}
        if folders:
            from edge.emulator.storage.seeding import upload_folders

            key = self.settings.service_role_key
            self.schema.notes += await upload_folders(storage, key, folders)
        return storage

    def _start_realtime(self) -> Starlette:
        from edge.emulator.realtime.service import RealtimeService

        settings = self.settings
        self.realtime = RealtimeService(
            self.cluster.dsn(),
            settings.keys,
            settings.key_tokens(),
            is_limited=settings.limits == "hosted",
        )
        self._exits.push_async_callback(self.realtime.close)
        return self.realtime.start()


def import_what_needs_a_database() -> None:
    """Import the services on a database, which takes as long as Postgres takes to start."""
    for name in _ON_A_DATABASE:
        importlib.import_module(name)
