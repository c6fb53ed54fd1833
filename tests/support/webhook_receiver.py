"""A server that keeps the webhooks it gets, and answers them as set."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE


@dataclass(slots=True)
class WebhookReceiver:
    """The deliveries so far; the next answers have the statuses of `answers`, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list[int])
    deliveries: list[tuple[Mapping[str, str], bytes]] = field(
        default_factory=list[tuple[Mapping[str, str], bytes]]
    )
    _changed: threading.Condition = field(default_factory=threading.Condition)

    async def receive(self, request: Request) -> Response:
        """Keep a delivery."""
        body = await request.body()
        with self._changed:
            self.deliveries.append((dict(request.headers), body))
            self._changed.notify_all()
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    def wait(self, count: int, seconds: float = PATIENCE) -> list[tuple[Mapping[str, str], bytes]]:
        """Return the deliveries once there are so many."""
        end = time.monotonic() + seconds
        with self._changed:
            while len(self.deliveries) < count:
                assert self._changed.wait(end - time.monotonic()), "The webhook did not come."
            return list(self.deliveries)


@contextmanager
def receiving() -> Iterator[WebhookReceiver]:
    """Serve a receiver on a free port."""
    thread, receiver = LoopThread(), WebhookReceiver()
    server = HttpServer(Starlette(routes=[Route("/", receiver.receive, methods=["POST"])]))
    thread.run(server.start())
    receiver.url = server.url + "/"
    try:
        yield receiver
    finally:
        thread.run(server.close())
        thread.close()
