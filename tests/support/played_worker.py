"""A worker that a test plays: its answers and faults are set, its requests are kept."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.serving import HttpServer, LoopThread


@dataclass(slots=True)
class PlayedWorker:
    """What /health and /worker/info answer; `delay` comes before each answer."""

    health: Any = field(default_factory=lambda: {"status": "healthy", "model_loaded": True})
    status: int = 200
    delay: float = 0.0
    raw: bytes | None = None
    redirect: str | None = None
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def answer(self, request: Request) -> Response:
        """Answer any request as set."""
        self.requests.append((request.url.path, request.headers.get("authorization", "")))
        await asyncio.sleep(self.delay)
        if self.redirect:
            return Response(status_code=302, headers={"location": self.redirect})
        if self.raw is not None:
            return Response(self.raw, self.status)
        if request.url.path == "/worker/info":
            return JSONResponse(
                {"model": "m", "capabilities": {"chat": True}, "endpoints": {"/chat": "Answers"}}
            )
        return JSONResponse(self.health, self.status)


@contextmanager
def playing(*workers: PlayedWorker) -> Iterator[None]:
    """Serve the workers on free ports; sets their `url`."""
    thread = LoopThread()
    servers: list[HttpServer] = []
    try:
        for worker in workers:
            app = Starlette(routes=[Route("/{path:path}", worker.answer, methods=["GET", "POST"])])
            server = HttpServer(app)
            thread.run(server.start())
            servers.append(server)
            worker.url = server.url
        yield
    finally:
        for server in servers:
            thread.run(server.close())
        thread.close()
