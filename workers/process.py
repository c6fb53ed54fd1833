"""A worker process: the HTTP face, one loop for each type with a queue, its registration."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn

from workers.app import Face, create_app
from workers.backends.base import Backend
from workers.errors import WorkError
from workers.loop import WorkerLoop
from workers.project import Project
from workers.settings import QUEUES, Settings

_RENEW_SECONDS: Final = 60.0
_RETRY_SECONDS: Final = 5.0


@dataclass(slots=True)
class WorkerProcess:
    """Runs until `stop`; the jobs under way are finished or returned."""

    settings: Settings
    backend: Backend
    loops: list[WorkerLoop] = field(default_factory=list[WorkerLoop], init=False)
    _project: Project = field(init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self._project = Project(self.settings)
        self.loops = [
            WorkerLoop(self.settings, name, self.backend, self._project)
            for name in self.settings.types
            if name in QUEUES
        ]

    def stop(self) -> None:
        """Take no more jobs, then end."""
        self._stopping.set()
        for loop in self.loops:
            loop.stop()

    async def run(self, listener: socket.socket) -> None:
        """Serve at the bound socket, register, and work until stopped."""
        by_type = {loop.worker_type: loop for loop in self.loops}
        faces = [
            Face(self.settings, name, self.backend, by_type.get(name))
            for name in self.settings.types
        ]
        async with _serving(create_app(faces), listener):
            port = listener.getsockname()[1]
            base = self.settings.public_url or f"http://{self.settings.host}:{port}"
            sys.stdout.write(f"Workers {', '.join(self.settings.types)} listen at {base}\n")
            sys.stdout.flush()
            registration = asyncio.create_task(self._register(base.rstrip("/")))
            try:
                await asyncio.gather(self._stopping.wait(), *(loop.run() for loop in self.loops))
            finally:
                registration.cancel()
                await asyncio.gather(registration, return_exceptions=True)
                for name in self.settings.types:
                    await self._project.unregister(name, self._url(base.rstrip("/"), name))
                await self.backend.close()
                await self._project.close()

    async def _register(self, base: str) -> None:
        """Enter all types into the registry, again each minute: it may have been emptied."""
        complained = False
        while True:
            try:
                for name in self.settings.types:
                    await self._project.register(self._describe(name, self._url(base, name)))
                await asyncio.sleep(_RENEW_SECONDS)
            except WorkError as exc:
                if not complained:
                    sys.stderr.write(f"The workers are not registered yet: {exc}\n")
                complained = True
                await asyncio.sleep(_RETRY_SECONDS)

    def _url(self, base: str, name: str) -> str:
        return f"{base}/{name}"

    def _describe(self, name: str, url: str) -> dict[str, Any]:
        return {
            "worker_type": name,
            "kind": self.backend.kind,
            "base_url": url,
            "key_secret": "WORKER_API_KEY" if self.settings.worker_key else None,
            "is_healthy": True,
            "registration": {
                "auto_registered": True,
                "registration_method": "self",
                "worker_id": self.settings.worker_id,
            },
        }


@asynccontextmanager
async def _serving(app: Any, listener: socket.socket) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=5
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        ready.cancel()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


class _Server(uvicorn.Server):
    """A server that leaves signals to the process and sets `ready` once it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def capture_signals(self) -> Any:
        """Install no handlers."""
        return nullcontext()
