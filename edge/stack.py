"""The composition root: lock → zygote and Postgres → migrations → emulator → gateway."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

from starlette.applications import Starlette

from edge.emulator.auth.app import create_auth_app, create_pool
from edge.emulator.auth.config import AuthConfig
from edge.emulator.clock import Clock
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.local_database import LocalDatabase
from edge.emulator.postgres.migrations import Migration
from edge.emulator.providers.app import create_app as create_providers_app
from edge.emulator.providers.retell.simulation_config import SimulationConfig
from edge.emulator.rest.app import RestApp, RestConfig
from edge.emulator.scheduler import Schedule, Scheduler
from edge.errors import EdgeError
from edge.events import Event, Observer
from edge.gateway.app import FUNCTIONS, App, Gateway
from edge.gateway.pages import create_pages_app
from edge.gateway.server import Server
from edge.gateway.unavailable import NO_DATABASE
from edge.logs.rate_limit import LineRate
from edge.logs.store import LogStore
from edge.metrics.app import MetricsApp, PlatformMetricApp
from edge.metrics.observer import Metrics
from edge.project.extensions import ProcessEntry
from edge.project.limits import LimitsMode
from edge.project.lock import Lock
from edge.project.manifest import Function
from edge.project.settings import Settings
from edge.project_processes.supervisor import Supervisor
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.runtime.proxy.tunnel import tunnel_factory

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Stack:
    """Everything that runs; `start` fails whole, `close` undoes whatever was done, in reverse.

    Not `scheduled`: functions are called by those who ask, and by no clock.
    """

    settings: Settings
    observe: Observer
    reload: bool = True
    durable: bool = True
    scheduled: bool = True
    functions: FunctionsApp = field(init=False)
    metrics: Metrics = field(init=False)
    _database: LocalDatabase | None = field(default=None, init=False)
    _logs: LogStore = field(init=False)
    _clock: Clock = field(default_factory=Clock, init=False)
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)

    @property
    def cluster(self) -> Cluster:
        """The local Postgres; only with one."""
        assert self._database is not None
        return self._database.cluster

    @property
    def applied(self) -> list[Migration]:
        """The migrations that this start has applied."""
        return self._database.applied if self._database else []

    async def start(self) -> None:
        """Start the parts, the slow ones side by side; EdgeError says what stands in the way."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the parts; requests under way finish."""
        await self._exits.aclose()

    async def _start(self) -> None:
        lock = Lock(self.settings.state_dir / "lock")
        lock.acquire()
        self._exits.callback(lock.release)
        listener = self._listen()
        self._exits.callback(listener.close)
        self._settle_ports(listener)
        self._start_observers()
        if self.settings.has_database:
            self._database = LocalDatabase(self.settings, self.durable, _LOG.error)
            self._exits.push_async_callback(self._database.close)
        self._start_functions()
        routes: dict[str, App] = {
            **NO_DATABASE,
            FUNCTIONS: self.functions,
            "/providers": await self._start_providers(),
            "/metrics": MetricsApp(self.metrics),
            "/_internal/metric": PlatformMetricApp(self.metrics, self._in_flight),
        }
        if self._database:
            routes["/rest/v1"] = await self._start_rest(await self._database.start())
            routes["/auth/v1"] = self._start_auth()
            pages = self.settings.extensions.pages
            routes["/console"] = create_pages_app(self.settings.publishable_key, pages)
        await self._serve(Gateway(routes, self.settings.key_tokens()), listener)
        if self._database and self.scheduled:
            self._start_scheduler()
        lock.write(self.settings.describe() | lock.read())
        await self._start_processes(lock)

    def _listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.settings.host, self.settings.port))
        except OSError as exc:
            listener.close()
            raise EdgeError(
                f"Port {self.settings.port} is taken by another program, or not to be had: {exc}",
                cure="Stop it (see who: ss -ltnp), or choose another: edge start --port N",
            ) from exc
        listener.listen(2048)
        return listener

    def _settle_ports(self, listener: socket.socket) -> None:
        """Replace port 0, which means any, by what was found."""
        db_port = self.settings.db_port
        if db_port == 0:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                db_port = probe.getsockname()[1]
        port = listener.getsockname()[1]
        self.settings = replace(self.settings, port=port, db_port=db_port)

    def _start_observers(self) -> None:
        rate = LineRate(lines=100, seconds=10) if self.settings.limits == "hosted" else None
        self._logs = LogStore(self.settings.state_dir / "logs", rate)
        self._logs.start()
        self._exits.callback(self._logs.close)
        self.metrics = Metrics(self._logs.dropped_lines)

    def _tell(self, event: Event) -> None:
        self._logs(event)
        self.metrics(event)
        self.observe(event)

    def _start_functions(self) -> None:
        settings = self.settings
        config = RuntimeConfig(
            settings.root,
            settings.keys,
            verify_jwt=settings.verify_jwt,
            limits=LimitsMode(settings.limits),
            policy=settings.policy,
            only=settings.only,
            reload=self.reload,
            forks=settings.forks,
            isolates_users=settings.isolate_users,
            inspect=settings.inspect,
            inspect_port=settings.inspect_port,
        )
        self.functions = FunctionsApp(config, self._tell, self._environment, settings.inherited)
        self._exits.push_async_callback(self.functions.close)
        self.functions.start()

    def _environment(self, function: Function) -> dict[str, str]:
        return self.settings.with_current_secrets().function_environment(
            function.slug, function.folder, function.manifest.secrets
        )

    async def _start_providers(self) -> Starlette:
        settings = self.settings
        calls = SimulationConfig(
            speed=settings.call_speed,
            webhook_url=settings.webhook_url,
            webhook_key=settings.secrets.get("RETELL_WEBHOOK_SECRET"),
        )
        providers = create_providers_app(calls, self._clock)
        await self._exits.enter_async_context(providers.router.lifespan_context(providers))
        return providers

    async def _start_rest(self, dsn: str) -> RestApp:
        config = RestConfig(schemas=self.settings.schemas, max_rows=self.settings.max_rows)
        rest = RestApp(dsn, keys=self.settings.keys, config=config)
        await rest.open()
        self._exits.push_async_callback(rest.close)
        return rest

    def _start_auth(self) -> Starlette:
        pool = create_pool(self.cluster.dsn(user="supabase_auth_admin"))
        self._exits.push_async_callback(pool.close)
        issuer = f"{self.settings.api_url}/auth/v1"
        return create_auth_app(pool, AuthConfig(self.settings.keys, issuer))

    def _start_scheduler(self) -> None:
        """Only with a database of our own: a laptop is not to wake a hosted project's functions."""
        url = f"http://127.0.0.1:{self.settings.port}{FUNCTIONS}"
        token = self.settings.service_role_key
        scheduler = Scheduler(self._schedules, url, token, self._clock)
        scheduler.start()
        self._exits.push_async_callback(scheduler.close)

    def _schedules(self) -> Iterator[Schedule]:
        for slug, function in self.functions.functions.items():
            if when := function.manifest.schedule:
                yield Schedule(slug, when, function.manifest.schedule_body)

    async def _start_processes(self, lock: Lock) -> None:
        """Start the project's own processes last, for they may call all that came before."""

        def describe(processes: list[dict[str, Any]]) -> None:
            lock.write(lock.read() | {"PROCESSES": json.dumps(processes)})

        entries = self.settings.extensions.processes
        if not entries:
            return
        supervisor = Supervisor(
            self.settings.root, entries, self._process_environment, self._tell, describe
        )
        self._exits.push_async_callback(supervisor.close)
        await supervisor.start()

    def _process_environment(self, entry: ProcessEntry) -> dict[str, str]:
        settings = self.settings.with_current_secrets()
        named = {name: settings.secrets[name] for name in entry.secrets if name in settings.secrets}
        return {**settings.inherited, **named, **settings.platform_variables()}

    def _in_flight(self) -> int:
        return self.functions.received - self.functions.handled

    async def _serve(self, gateway: Gateway, listener: socket.socket) -> None:
        tunnel = tunnel_factory(lambda scope: self.functions.admit_upgrade(gateway.enter(scope)))
        server = Server(gateway, upgrades=tunnel)
        self._exits.push_async_callback(server.close)
        self._exits.push_async_callback(self.functions.close)
        await server.start(listener)
