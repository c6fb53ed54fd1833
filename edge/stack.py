"""The composition root: lock → zygote and Postgres → migrations → emulator → gateway."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import Migration, bootstrap, find_migrations, migrate
from edge.emulator.providers.app import create_app as create_providers_app
from edge.emulator.rest.app import RestApp, RestConfig
from edge.errors import EdgeError
from edge.events import Observer
from edge.gateway import FUNCTIONS, Gateway
from edge.lock import Lock
from edge.runtime.app import FunctionsApp, RuntimeConfig
from edge.runtime.manifest import Function
from edge.settings import PUBLISHABLE_KEY, SECRET_KEY, Settings

_HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """A server that leaves the signals to the stack."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@dataclass(slots=True)
class Stack:
    """Everything that runs; `start` fails whole, `close` undoes whatever was done, in reverse."""

    settings: Settings
    observe: Observer
    reload: bool = True
    durable: bool = True
    functions: FunctionsApp = field(init=False)
    cluster: Cluster = field(init=False)
    applied: list[Migration] = field(default_factory=list[Migration], init=False)
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack, init=False)

    async def start(self) -> None:
        """Start the parts, the slow ones side by side; EdgeError says what stands in the way."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        await self._exits.aclose()

    async def _start(self) -> None:
        lock = Lock(self.settings.state_dir / "lock")
        lock.acquire()
        self._exits.callback(lock.release)
        listener = self._listen()
        self._exits.callback(listener.close)
        self._settle_ports(listener)
        self._exits.push_async_callback(self._stop_database)
        self._start_functions()
        dsn = await self._start_database()
        rest = RestApp(dsn, keys=self.settings.keys, config=self._rest_config())
        await rest.open()
        self._exits.push_async_callback(rest.close)
        gateway = Gateway(
            routes={
                FUNCTIONS: self.functions,
                "/rest/v1": rest,
                "/providers": create_providers_app(),
            },
            tokens={
                PUBLISHABLE_KEY: self.settings.anon_key,
                SECRET_KEY: self.settings.service_role_key,
            },
        )
        await self._serve(gateway, listener)
        lock.write(self.settings.describe() | lock.read())

    def _listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, self.settings.port))
        except OSError as exc:
            listener.close()
            raise EdgeError(
                f"Port {self.settings.port} is taken by another program.",
                cure="Stop it (see who: ss -ltnp), or choose another: edge start --port N",
            ) from exc
        listener.listen(2048)
        return listener

    def _settle_ports(self, listener: socket.socket) -> None:
        """Replace port 0, which means any, by what was found."""
        db_port = self.settings.db_port
        if db_port == 0:
            with socket.socket() as probe:
                probe.bind((_HOST, 0))
                db_port = probe.getsockname()[1]
        port = listener.getsockname()[1]
        self.settings = replace(self.settings, port=port, db_port=db_port)
        data_dir = self.settings.state_dir / "postgres"
        self.cluster = Cluster(data_dir, port=db_port, tcp=True, durable=self.durable)

    def _start_functions(self) -> None:
        config = RuntimeConfig(self.settings.root, self.settings.keys, reload=self.reload)
        self.functions = FunctionsApp(
            config, self.observe, self._environment, self.settings.inherited
        )
        self.functions.start()
        self._exits.push_async_callback(self.functions.close)

    def _environment(self, function: Function) -> dict[str, str]:
        return self.settings.function_environment(
            function.slug, function.folder, function.policy.secrets
        )

    async def _start_database(self) -> str:
        """A migrated database; the DSN that the data API logs in with."""
        await asyncio.to_thread(self.cluster.prepare)
        self.cluster.launch()
        await asyncio.to_thread(self.cluster.wait_ready)
        self.applied = await asyncio.to_thread(self._migrate)
        return self.cluster.dsn(user="authenticator")

    async def _stop_database(self) -> None:
        await asyncio.to_thread(self.cluster.stop)

    def _migrate(self) -> list[Migration]:
        supabase = self.settings.root / "supabase"
        bootstrap(self.cluster.dsn())
        dsn = self.cluster.dsn(user="postgres")
        return migrate(dsn, find_migrations(supabase / "migrations"), supabase / "seed.sql")

    def _rest_config(self) -> RestConfig:
        return RestConfig(schemas=self.settings.schemas, max_rows=self.settings.max_rows)

    async def _serve(self, app: Callable[..., Awaitable[None]], listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=15,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))

        async def end() -> None:
            server.should_exit = True
            await serving

        self._exits.push_async_callback(end)
        while not server.started:
            if serving.done():
                serving.result()
                raise EdgeError("The gateway ended before it listened.")
            await asyncio.sleep(0.005)
