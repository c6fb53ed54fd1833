"""What the stack serves below /console: the API, and what shows it in a browser."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

from edge.console_proxy.access import ConsoleAccess
from edge.console_proxy.app import ConsoleApp
from edge.console_proxy.process import ConsoleProcess
from edge.console_proxy.socket import PagesSocket
from edge.events import Observer
from edge.gateway.guard import Guard, Secret
from edge.gateway.lazy import LazyApp
from edge.gateway.pages import SETTINGS, create_pages_app
from edge.metrics.observer import Metrics
from edge.project.settings import Settings
from edge.project.worker_environment import build_console_environment
from edge.recording.postgres_log import PostgresLog
from edge.recording.recorder import Recorder
from edge.recording.service_logs import ServiceLogs
from edge.runtime.app import FunctionsApp

if TYPE_CHECKING:
    from edge.console_api.context import ConsoleContext
    from edge.recording.export import SpanExport
    from edge.recording.writer import Writer
    from edge.services import Services

CONSOLE_PREFIX: Final = "/console"
_LOG: Final = logging.getLogger(__name__)
API_PREFIX: Final = "/console/api"


def create_recorder(settings: Settings) -> Recorder | None:
    """Return what records requests and logs, None if nothing is to be recorded."""
    recording = settings.extensions.recording
    return Recorder(recording) if recording.enabled and settings.has_database else None


def create_writer(settings: Settings, dsn: str, closing: threading.Event) -> "Writer":
    """Return what stores in this database; knows the project's secrets."""
    from edge.recording.assembly import Assembler
    from edge.recording.callers import CallerReader
    from edge.recording.redaction import Redaction, secret_values
    from edge.recording.rows import RowMaker
    from edge.recording.store import Store
    from edge.recording.writer import Writer

    recording = settings.extensions.recording
    secrets = [*secret_values(settings.secrets), settings.jwt_secret, settings.secret_key]
    redaction = Redaction(recording.redact, secrets)
    rows = RowMaker(redaction, CallerReader(settings.keys, settings.key_tokens()))
    return Writer(Store(dsn, recording), Assembler(rows, _create_export(settings)), closing)


def _create_export(settings: Settings) -> "SpanExport | None":
    """Return what sends spans by OTLP, if OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    from edge.project.environment import telemetry_variables
    from edge.telemetry.settings import read_telemetry

    try:
        found = read_telemetry(telemetry_variables(settings.env_file), settings.root.name)
    except ValueError as exc:
        _LOG.warning("Traces are not sent: %s", exc)
        return None
    if found is None or found.traces is None:
        return None
    from edge.recording.export import SpanExport
    from edge.telemetry.export import Telemetry

    telemetry = Telemetry(replace(found, metrics=None), tuple)
    telemetry.start()
    return SpanExport(telemetry)


@dataclass(slots=True)
class ConsoleMount:
    """The console of a running stack; `settings` has the ports that were found."""

    settings: Settings
    functions: FunctionsApp
    metrics: Metrics
    services: Callable[[], "Services | None"]
    observe: Observer
    recorder: Recorder | None
    _app: ConsoleApp | None = field(default=None, init=False)
    _context: "ConsoleContext | None" = field(default=None, init=False)
    _logs: ServiceLogs | None = field(default=None, init=False)
    _reading: "asyncio.Task[None] | None" = field(default=None, init=False)

    @property
    def token(self) -> str:
        """The token that opens it."""
        return self.settings.console_token

    def routes(self) -> dict[str, ASGIApp]:
        """Return the apps by prefix, the longer prefixes first."""
        hosts = frozenset((self.settings.host,))
        routes: dict[str, ASGIApp] = {API_PREFIX: Guard(LazyApp(self._create_api), hosts=hosts)}
        if self.settings.has_database:
            routes[CONSOLE_PREFIX] = self._app = self._create_app(hosts)
        return routes

    @property
    def process(self) -> ConsoleProcess | None:
        """The process of the browser's part; None without a console."""
        return self._app.process if self._app else None

    def open_socket(self) -> PagesSocket | None:
        """Return the protocol of a WebSocket; None without a console."""
        if self._app is None:
            return None
        access, process = self._app.access, self._app.process
        return PagesSocket(lambda headers: access.check_upgrade(headers) or process)

    async def stop_process(self) -> None:
        """End what the API does: streams, bulk actions, the browser's part, which holds some."""
        if self.recorder:
            self.recorder.end_streams()
        if self._context:
            await self._context.cancel()
        if self._app:
            await self._app.close()

    def connect(self, dsn: str, log_file: Path) -> None:
        """Let the recording store what happens in this database, whose log it reads as well."""
        if self.recorder is None:
            return
        self.recorder.connect(partial(create_writer, self.settings, dsn))
        self._logs = ServiceLogs(self.recorder.take_service_line)
        self._logs.open()
        log = PostgresLog(log_file, self.recorder.take_service_line)
        self._reading = asyncio.create_task(log.follow())

    async def close(self) -> None:
        """Close what the API has opened."""
        if self._reading:
            self._reading.cancel()
        if self._logs:
            self._logs.close()
        if self._context:
            await self._context.close()

    def _create_app(self, hosts: frozenset[str]) -> ConsoleApp:
        settings = self.settings
        pages = settings.extensions.pages
        secret = Secret(settings.service_role_key, settings.keys)
        return ConsoleApp(
            Guard(create_pages_app(settings.publishable_key, pages), hosts=hosts),
            {*pages, SETTINGS},
            ConsoleAccess(self.token, secret, settings.port, hosts),
            ConsoleProcess(lambda: build_console_environment(settings), self.observe),
        )

    def _create_api(self) -> ASGIApp:
        from edge.console_api.access import TokenCheck
        from edge.console_api.app import create_console_api
        from edge.console_api.context import ConsoleContext

        self._context = ConsoleContext(
            self.settings, self.functions, self.metrics, self.services, self.recorder
        )
        secret = Secret(self.settings.service_role_key, self.settings.keys)
        return TokenCheck(create_console_api(self._context), self.token, secret)
