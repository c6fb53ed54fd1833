"""The composition root: lock → zygote → gateway → services (Postgres, REST, Auth, providers)."""

import asyncio
import importlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp

from edge.console_mount import CONSOLE_PREFIX, ConsoleMount, create_recorder
from edge.errors import EdgeError
from edge.events import Event, Observer
from edge.gateway.app import FUNCTIONS, Gateway
from edge.gateway.deferred import Deferred
from edge.gateway.guard import Guard, Secret, is_control
from edge.gateway.home import create_home_page
from edge.gateway.pacing import paced
from edge.gateway.server import Server
from edge.gateway.unavailable import NO_DATABASE
from edge.gateway.upgrades import Factory, route_upgrades
from edge.gateway.upstream import Upstream
from edge.logs.rate_limit import LineRate
from edge.logs.store import LogStore
from edge.metrics.app import MetricsApp, PlatformMetricApp
from edge.metrics.observer import Metrics
from edge.project.console_token import write_token
from edge.project.layout import find_typescript
from edge.project.limits import LimitsMode
from edge.project.lock import Lock
from edge.project.manifest import Function
from edge.project.settings import Settings
from edge.project.worker_environment import build_worker_environment
from edge.project_processes.mount import ProcessesMount
from edge.recording.recorder import Recorder
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig

if TYPE_CHECKING:
    from edge.emulator.postgres.cluster import Cluster
    from edge.emulator.postgres.project_schema import Outcome
    from edge.emulator.realtime.socket import RealtimeSocket
    from edge.emulator.scheduler import Schedule
    from edge.services import Services

_PROVIDERS: Final = "/providers"
_REST: Final = "/rest/v1"
_NO_FUNCTION: Final = ""
"""A name that no function has: [edge_runtime] enabled = false."""
_AUTH: Final = "/auth/v1"
_STORAGE: Final = "/storage/v1"
_MAIL: Final = "/mail"
_REALTIME: Final = "/realtime/v1"
_KINDS: Final = {
    _PROVIDERS: "provider",
    _REST: "rest",
    _AUTH: "auth",
    _STORAGE: "storage",
    _REALTIME: "realtime",
    _MAIL: "",
}
_DATABASE_SERVICES: Final = (_REST, _AUTH, _STORAGE, _REALTIME)


@dataclass(slots=True)
class Stack:
    """Everything that runs; `start` fails whole, `close` undoes whatever was done, in reverse.

    `scheduled` is False where functions shall not be called by their schedules. Functions are
    answered as soon as the gateway listens; requests of services wait until these have started.
    """

    settings: Settings
    observe: Observer
    reload: bool = True
    durable: bool = True
    scheduled: bool = True
    functions: FunctionsApp = field(init=False)
    metrics: Metrics = field(init=False)
    console: ConsoleMount = field(init=False)
    _processes: ProcessesMount = field(init=False)
    _services: "Services | None" = field(default=None, init=False)
    _logs: LogStore = field(init=False)
    _recorder: Recorder | None = field(init=False)
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)

    @property
    def cluster(self) -> "Cluster":
        """The local Postgres; only with one."""
        assert self._services is not None
        return self._services.cluster

    @property
    def schema(self) -> "Outcome | None":
        """What this start has done to the database's schema; None without a database."""
        return self._services.schema if self._services else None

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
        _hide_from_git(self.settings.state_dir)
        listener = self._listen()
        self._exits.callback(listener.close)
        self._settle_ports(listener)
        self._start_observers()
        self._exits.push_async_callback(self._close_services)
        if self._recorder:
            self._exits.push_async_callback(self._recorder.close)
        self._start_functions()
        deferred = {prefix: Deferred() for prefix in self._service_prefixes()}
        recorded = {p: self._recorded(app, _KINDS[p], p) for p, app in deferred.items()}
        routes: dict[str, ASGIApp] = {
            **NO_DATABASE,
            **recorded,
            FUNCTIONS: self._recorded(self._functions_app(), "function", FUNCTIONS),
            **{prefix: self._guard(app) for prefix, app in self._metrics_routes().items()},
        }
        routes[_PROVIDERS] = self._guard(recorded[_PROVIDERS], is_control)
        if self.settings.has_database:
            routes[_MAIL] = Guard(deferred[_MAIL], hosts=self._own_names())
        routes |= self._open_console()
        home = create_home_page(self.settings.extensions.pages if CONSOLE_PREFIX in routes else {})
        self._processes = ProcessesMount(self.settings, self._publish)
        gateway = Gateway(routes, self.settings.key_tokens(), home, self._processes.paths)
        await self._serve(gateway, listener)
        for app in deferred.values():
            self._exits.callback(app.fail)
        await self._start_services(deferred)
        lock.write(self.settings.describe() | lock.read())
        self._start_processes(lock)

    def _functions_app(self) -> ASGIApp:
        """Return the functions' app, which hands other runtimes' functions to --upstream."""
        settings = self.settings
        upstream = Upstream(
            self.functions,
            lambda: self.functions.functions,
            lambda: find_typescript(settings.root, settings.config.functions),
            settings.upstream,
        )
        self._exits.push_async_callback(upstream.close)
        return upstream

    def _recorded(self, app: ASGIApp, kind: str, prefix: str) -> ASGIApp:
        return self._recorder.wrap(app, kind, prefix) if self._recorder and kind else app

    def _open_console(self) -> dict[str, ASGIApp]:
        self.console = ConsoleMount(
            self.settings,
            self.functions,
            self.metrics,
            lambda: self._services,
            self._publish,
            self._recorder,
        )
        self._exits.push_async_callback(self.console.close)
        return self.console.routes()

    def _metrics_routes(self) -> dict[str, ASGIApp]:
        return {
            "/metrics": MetricsApp(self.metrics),
            "/_internal/metric": PlatformMetricApp(self.metrics, self._in_flight),
        }

    def _guard(self, app: ASGIApp, applies: Callable[[str], bool] | None = None) -> Guard:
        """Let only holders of the secret key pass, and no page of another site."""
        secret = Secret(self.settings.service_role_key, self.settings.keys)
        guard = Guard(app, secret, hosts=self._own_names())
        return replace(guard, applies=applies) if applies else guard

    def _own_names(self) -> frozenset[str]:
        return frozenset((self.settings.host,))

    def _service_prefixes(self) -> tuple[str, ...]:
        if not self.settings.has_database:
            return (_PROVIDERS,)
        return (_PROVIDERS, *_DATABASE_SERVICES, _MAIL)

    async def _start_services(self, deferred: dict[str, Deferred]) -> None:
        await asyncio.to_thread(importlib.import_module, "edge.services")
        from edge.services import Services

        self._services = services = Services(self.settings, self.durable)
        deferred[_PROVIDERS].resolve(services.create_providers())
        if not self.settings.has_database:
            return
        for prefix, app in zip(_DATABASE_SERVICES, await services.start_database(), strict=True):
            deferred[prefix].resolve(app)
        deferred[_MAIL].resolve(services.create_mailbox_app())
        self.console.connect(services.cluster.dsn(), services.cluster.log_file)
        if self.scheduled:  # only with a local database: a laptop must not call a hosted project's
            services.start_scheduler(
                f"http://127.0.0.1:{self.settings.port}{FUNCTIONS}", self._schedules
            )

    async def _close_services(self) -> None:
        if self._services:
            await self._services.close()

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
        token = write_token(self.settings.state_dir)
        self.settings = replace(self.settings, port=port, db_port=db_port, console_token=token)

    def _start_observers(self) -> None:
        rate = LineRate(lines=100, seconds=10) if self.settings.limits == "hosted" else None
        self._logs = LogStore(self.settings.state_dir / "logs", rate)
        self._logs.start()
        self._exits.callback(self._logs.close)
        self.metrics = Metrics(self._logs.dropped_lines)
        self._recorder = create_recorder(self.settings)
        if self._recorder:
            self._recorder.start()

    def _publish(self, event: Event) -> None:
        if self._recorder:
            self._recorder(event)
        self._logs(event)
        self.metrics(event)
        self.observe(event)

    def _start_functions(self) -> None:
        settings = self.settings
        serves_functions = settings.config.edge_runtime or not settings.database
        config = RuntimeConfig(
            settings.root,
            settings.keys,
            self._environment,
            settings.inherited,
            verify_jwt=settings.verify_jwt,
            limits=LimitsMode(settings.limits),
            policy=settings.policy,
            only=settings.only if serves_functions else (_NO_FUNCTION,),
            reload=self.reload,
            forks=settings.forks,
            isolates_users=settings.isolate_users,
            trusted_proxies=settings.trusted_proxies,
            secret_files=settings.secret_files,
            inspect=settings.inspect,
            inspect_port=settings.inspect_port,
            functions=settings.config.functions,
        )
        self.functions = FunctionsApp(config, self._publish)
        self._exits.push_async_callback(self.functions.close)
        self.functions.start()

    def _environment(self, function: Function) -> dict[str, str]:
        return build_worker_environment(self.settings.with_current_secrets(), function)

    def _schedules(self) -> "Iterator[Schedule]":
        from edge.emulator.scheduler import Schedule

        for slug, function in self.functions.functions.items():
            if when := function.manifest.schedule:
                yield Schedule(slug, when, function.manifest.schedule_body)

    def _start_processes(self, lock: Lock) -> None:
        """Start the project's own processes last, in the background: they may call all before."""

        def describe(processes: list[dict[str, Any]]) -> None:
            lock.write(lock.read() | {"PROCESSES": json.dumps(processes)})

        self._exits.push_async_callback(self._processes.close)
        self._processes.start(describe)

    def _in_flight(self) -> int:
        return self.functions.received - self.functions.handled

    def _open_realtime(self) -> "RealtimeSocket | None":
        """Return the protocol of a socket; None while the service has not started."""
        service = self._services.realtime if self._services else None
        return service.create_socket() if service else None

    async def _serve(self, gateway: Gateway, listener: socket.socket) -> None:
        of_functions: Factory = self.functions.upgrades(gateway)
        services: dict[str, Factory] = {
            _REALTIME: self._open_realtime,
            CONSOLE_PREFIX: self.console.open_socket,
            **{path: app.open_socket for path, app in self._processes.paths.items()},
        }
        if self._recorder:
            services[_REALTIME] = self._recorder.wrap_socket(self._open_realtime, "realtime")
            of_functions = paced(self._recorder.wrap_socket(of_functions, "function"))
        services[_REALTIME] = paced(services[_REALTIME])
        upgrades = route_upgrades(services, of_functions)
        server = Server(gateway, upgrades=upgrades)
        self._exits.push_async_callback(server.close)
        self._exits.push_async_callback(self.functions.close)
        self._exits.push_async_callback(self.console.stop_process)
        await server.start(listener)


def _hide_from_git(state_dir: Path) -> None:
    """Have git ignore the folder, also in projects that know nothing of it."""
    ignore = state_dir / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
