"""One gateway process of an instance: the gateway and the runtime, until it is told to stop."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from edge.events import Event, RequestServed, ZygoteLost, ZygoteReady
from edge.gateway.app import FUNCTIONS, Gateway
from edge.gateway.server import Server
from edge.logs.description import describe
from edge.logs.queue import TimestampedEvent
from edge.production.access_log import AccessLog
from edge.production.booted import Booted
from edge.production.cloud_logging import (
    AnsweredRequest,
    render_log_entry,
    render_remark,
    render_request,
)
from edge.production.jwks_refresher import KeySet
from edge.production.settings import Instance
from edge.production.shared_rate import SharedRate
from edge.production.writer import LineWriter
from edge.project.hosted import Remote
from edge.project.limits import LimitsMode
from edge.project.manifest import Function
from edge.project.settings import Settings
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.runtime.proxy.tunnel import tunnel_factory

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True)
class GatewayProcess:
    """Serves on a listener that it shares with the instance's other processes."""

    instance: Instance
    listener: socket.socket
    writer: LineWriter
    booted: Booted
    _settings: Settings = field(init=False)
    _functions: FunctionsApp = field(init=False)
    _access_log: AccessLog = field(init=False)

    def run(self) -> None:
        """Until a signal; what is under way then has the grace period to finish."""
        self.writer.start()
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        finally:
            self.writer.close()

    async def _serve(self) -> None:
        stop_asked = asyncio.Event()
        for sign in STOPPING:
            asyncio.get_running_loop().add_signal_handler(sign, stop_asked.set)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        rate = SharedRate(self.instance.remote.url, self.instance.settings.secret_key, self._remark)
        gateway = self._assemble(rate)
        self._functions.start()
        following = self._follow_keys()
        tunnel = tunnel_factory(lambda scope: self._functions.admit_upgrade(gateway.enter(scope)))
        server = Server(self._access_log, upgrades=tunnel, grace=self.instance.grace)
        serving = await server.start(self.listener)
        stopping = asyncio.create_task(stop_asked.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._access_log.is_draining = True
        await server.close()
        if following:
            following.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.instance.grace):
                await self._functions.close()
        await rate.close()

    def _assemble(self, rate: SharedRate) -> Gateway:
        self._settings = settings = self.instance.settings
        config = RuntimeConfig(
            settings.root,
            settings.keys,
            limits=LimitsMode(settings.limits),
            policy=settings.policy,
            reload=False,
            forks=settings.forks,
        )
        self._functions = FunctionsApp(
            config, self._observe, self._environment, settings.inherited, rate
        )
        gateway = Gateway({FUNCTIONS: self._functions}, settings.key_tokens())
        self.booted.set(not (settings.forks and sys.platform.startswith("linux")))
        self._access_log = AccessLog(gateway, self._log, self.booted)
        return gateway

    def _environment(self, function: Function) -> dict[str, str]:
        return self._settings.with_current_secrets().function_environment(
            function.slug, function.folder, function.manifest.secrets
        )

    def _follow_keys(self) -> asyncio.Task[None] | None:
        if self.instance.key_seconds is None:
            return None
        keys = KeySet(self.instance.remote, self._adopt, self._remark, self.instance.key_seconds)
        self._access_log.prepare = keys.prepare
        return asyncio.create_task(keys.follow())

    def _adopt(self, remote: Remote) -> None:
        """Verify by the new keys; workers that start from now on know them too."""
        self._settings = replace(self._settings, remote=remote)
        self._functions.config = replace(self._functions.config, keys=self._settings.keys)

    def _observe(self, event: Event) -> None:
        match event:
            case RequestServed():
                return  # the access log has it, with the client's address
            case ZygoteReady():
                self.booted.set(True)
            case ZygoteLost():
                self.booted.set(False)
            case _:
                pass
        timestamped = TimestampedEvent(time.time(), event)
        self.writer.put(lambda: render_log_entry(describe(timestamped)))

    def _log(self, answered: AnsweredRequest) -> None:
        now, project = time.time(), self.instance.trace_project
        self.writer.put(lambda: render_request(answered, now, project))

    def _remark(self, text: str) -> None:
        now = time.time()
        self.writer.put(lambda: render_remark("WARNING", text, now))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast event loop, where there is one."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None
