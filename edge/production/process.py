"""One gateway process of a production instance: the gateway and the runtime, until a signal."""

import asyncio
import mmap
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from edge.events import Event, RequestServed, ZygoteLost, ZygoteReady
from edge.gateway.app import FUNCTIONS, Gateway
from edge.gateway.client_limits import ClientLimits
from edge.gateway.guard import Secret
from edge.gateway.server import Server
from edge.jwks import JwksCache
from edge.logs.description import describe
from edge.logs.queue import TimestampedEvent
from edge.metrics.app import MetricsApp
from edge.metrics.observer import Metrics
from edge.operating_system import IS_LINUX
from edge.production.access_log import AccessLog
from edge.production.cloud_logging import (
    AnsweredRequest,
    render_log_entry,
    render_remark,
    render_request,
)
from edge.production.front.app import Front
from edge.production.front.sockets import FrontSockets, pass_upgrades_on
from edge.production.settings import Instance
from edge.production.shared_metrics import PATH as METRICS
from edge.production.shared_metrics import (
    PUBLISH_SECONDS,
    MetricsBoard,
    SharedMetrics,
    SharedMetricsApp,
)
from edge.production.shared_rate import SharedRate
from edge.production.writer import LineWriter
from edge.project.hosted import with_key_set
from edge.project.limits import LimitsMode
from edge.project.manifest import Function
from edge.project.settings import Settings
from edge.project.worker_environment import build_worker_environment
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig

if TYPE_CHECKING:
    from edge.telemetry.export import Telemetry

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BEHIND_A_PROXY: Final = ClientLimits(connections=None, bodies=None)
"""A platform's load balancer has one address for all clients."""


@dataclass(slots=True)
class Readiness:
    """Which processes of the instance have booted: one byte each in shared memory.

    Bytes are never cleared, so a restarted process does not make the instance unready.
    """

    board: mmap.mmap
    index: int
    _is_booted: bool = field(default=False, init=False)
    _booted: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def answers_probes(self) -> bool:
        """Whether this process answers probes while the instance starts, before it can serve."""
        return self.index == 0 and self.board[0] == 0

    async def wait(self) -> None:
        """Return once this process can serve."""
        await self._booted.wait()

    def __call__(self) -> bool:
        """Return whether this process can serve and every other one has booted."""
        return self._is_booted and 0 not in self.board[:]

    def set(self, is_booted: bool) -> None:
        """Record whether this process can serve."""
        self._is_booted = is_booted
        if is_booted:
            self.board[self.index] = 1
            self._booted.set()


@dataclass(slots=True)
class GatewayProcess:
    """Serves on a listener that it shares with the instance's other processes.

    It accepts connections once it can serve them; until then the other processes do. Only while the
    whole instance starts does the first one accept at once, to answer probes.
    """

    instance: Instance
    listener: socket.socket
    writer: LineWriter
    readiness: Readiness
    board: MetricsBoard
    _metrics: Metrics = field(default_factory=Metrics, init=False)
    _shared_metrics: SharedMetrics = field(init=False)
    _settings: Settings = field(init=False)
    _functions: FunctionsApp = field(init=False)
    _front: AccessLog = field(init=False)
    _services: Front | None = field(default=None, init=False)

    def run(self) -> None:
        """Serve until a stop signal; requests in flight then have the grace period to finish."""
        self.writer.start()
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        finally:
            self.writer.close()

    async def _serve(self) -> None:
        is_stopped = asyncio.Event()
        for sign in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(sign, is_stopped.set)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        rate = SharedRate(self.instance.hosted.url, self.instance.settings.secret_key, self._warn)
        gateway = self._assemble(rate)
        self._functions.start()
        following = self._follow_keys()
        publishing = asyncio.create_task(self._publish_metrics())
        telemetry = self._start_telemetry()
        upgrades = self._functions.upgrades(gateway)
        if self._services:
            sockets = FrontSockets(self._services.url, self._settings.trusted_proxies)
            upgrades = pass_upgrades_on(sockets, self._services.slugs, upgrades)
        server = Server(
            self._front, upgrades=upgrades, grace=self.instance.grace, clients=_BEHIND_A_PROXY
        )
        stopping = asyncio.create_task(is_stopped.wait())
        if not self.readiness.answers_probes:
            booting = asyncio.create_task(self.readiness.wait())
            await asyncio.wait({booting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not is_stopped.is_set():
            serving = await server.start(self.listener)
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._front.is_draining = True
        await server.close()
        publishing.cancel()
        if following:
            following.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.instance.grace):
                await self._functions.close()
        await rate.close()
        if self._services:
            await self._services.close()
        if telemetry:
            await asyncio.to_thread(telemetry.close)
        self._shared_metrics.publish()

    def _assemble(self, rate: SharedRate) -> Gateway:
        self._settings = settings = self.instance.settings
        config = RuntimeConfig(
            settings.root,
            settings.keys,
            self._worker_environment,
            settings.inherited,
            limits=LimitsMode(settings.limits),
            policy=settings.policy,
            trusted_proxies=settings.trusted_proxies,
            reload=False,
            forks=settings.forks,
        )
        self._functions = FunctionsApp(config, self._observe, rate)
        self._shared_metrics = SharedMetrics(self.board, self.readiness.index, self._metrics)
        secret = Secret(settings.service_role_key, settings.keys)
        numbers = SharedMetricsApp(MetricsApp(self._shared_metrics), secret)
        routes = {FUNCTIONS: self._functions, METRICS: numbers}
        gateway = Gateway(routes, settings.key_tokens())
        self.readiness.set(not (settings.forks and IS_LINUX))
        if self.instance.has_front:
            self._services = Front(
                gateway,
                self.instance.hosted.url,
                self._warn,
                settings.trusted_proxies,
                slugs=lambda: self._functions.functions,
            )
        self._front = AccessLog(
            self._services or gateway,
            self._log_request,
            self.readiness,
            functions=lambda: self._functions.functions,
        )
        return gateway

    def _worker_environment(self, function: Function) -> dict[str, str]:
        return build_worker_environment(self._settings.with_current_secrets(), function)

    def _follow_keys(self) -> asyncio.Task[None] | None:
        if self.instance.key_seconds is None:
            return None
        hosted = self.instance.hosted
        keys = JwksCache(
            hosted.jwks_url,
            hosted.jwt_secret,
            hosted.variables.get("SUPABASE_JWKS"),
            self._adopt_keys,
            self._warn,
        )
        self._front.prepare = keys.prepare
        return asyncio.create_task(keys.follow(self.instance.key_seconds))

    def _start_telemetry(self) -> "Telemetry | None":
        """Send traces and metrics from here on, if they are wanted."""
        if self.instance.telemetry is None:
            return None
        from edge.telemetry.export import Telemetry  # the SDK takes half a second to import

        telemetry = Telemetry(self.instance.telemetry, self._metrics.families)
        telemetry.start()
        self._front.begin_span = telemetry.begin
        return telemetry

    async def _publish_metrics(self) -> None:
        while True:
            await asyncio.to_thread(self._shared_metrics.publish)
            await asyncio.sleep(PUBLISH_SECONDS)

    def _adopt_keys(self, jwks: str) -> None:
        """Verify tokens with the new keys, and pass them to workers that start from now on."""
        assert self._settings.hosted is not None
        self._settings = replace(self._settings, hosted=with_key_set(self._settings.hosted, jwks))
        self._functions.config = replace(self._functions.config, keys=self._settings.keys)

    def _observe(self, event: Event) -> None:
        self._metrics(event)
        match event:
            case RequestServed():
                return  # logged by AccessLog, which knows more about the client
            case ZygoteReady():
                self.readiness.set(True)
            case ZygoteLost():
                self.readiness.set(False)
            case _:
                pass
        timestamped, project = TimestampedEvent(time.time(), event), self.instance.trace_project
        self.writer.put(lambda: render_log_entry(describe(timestamped), project))

    def _log_request(self, answered: AnsweredRequest) -> None:
        now, project = time.time(), self.instance.trace_project
        self.writer.put(lambda: render_request(answered, now, project))

    def _warn(self, text: str) -> None:
        now = time.time()
        self.writer.put(lambda: render_remark("WARNING", text, now))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop if it is installed, else asyncio's default."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None
