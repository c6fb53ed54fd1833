"""The numbers of all processes of an instance, at whichever of them /metrics is asked for."""

import fcntl
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Receive, Scope, Send

from edge.gateway.guard import Secret
from edge.metrics.app import MetricsApp
from edge.metrics.merge import merge, without_gauges
from edge.metrics.observer import Metrics
from edge.operating_system import open_anonymous_file

PATH: Final = "/metrics"
PUBLISH_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class MetricsBoard:
    """One anonymous file for each process, opened before they are forked."""

    slots: tuple[int, ...]

    @classmethod
    def create(cls, processes: int) -> "MetricsBoard":
        return cls(tuple(open_anonymous_file("edge-metrics") for _ in range(processes)))

    def write(self, index: int, text: bytes) -> None:
        """Replace what a process has published."""
        with _locked(self.slots[index], fcntl.LOCK_EX) as slot:
            os.ftruncate(slot, 0)
            view, at = memoryview(text), 0
            while at < len(text):
                at += os.pwrite(slot, view[at:], at)

    def read(self, index: int) -> bytes:
        with _locked(self.slots[index], fcntl.LOCK_SH) as slot:
            return os.pread(slot, os.fstat(slot).st_size, 0)


@dataclass(slots=True)
class SharedMetrics:
    """The part of process `index`: counters of an earlier one in its place are kept.

    For any thread, one at a time: locks of files are a process's, not a thread's.
    """

    board: MetricsBoard
    index: int
    metrics: Metrics
    _earlier: bytes = field(init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._earlier = without_gauges(self.board.read(self.index))

    def publish(self) -> None:
        """Let the other processes see this one's numbers."""
        with self._turn:
            self._publish()

    def render(self) -> bytes:
        """Render the sums over all processes; the others' are two seconds old at most."""
        with self._turn:
            self._publish()
            texts = [self.board.read(index) for index in range(len(self.board.slots))]
        return merge(texts)

    def _publish(self) -> None:
        text = self.metrics.render()
        self.board.write(self.index, merge((text, self._earlier)) if self._earlier else text)


@dataclass(frozen=True, slots=True)
class SharedMetricsApp:
    """Answers GET /metrics, with the project's secret key only."""

    numbers: MetricsApp
    secret: Secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if self.secret.is_in(headers.get(b"authorization", "")):
            await self.numbers(scope, receive, send)
            return
        message = "Send the project's secret key: Authorization: Bearer …, or apikey."
        body = json.dumps({"code": "SECRET_KEY_REQUIRED", "message": message}).encode()
        length = str(len(body)).encode()
        kind = (b"content-type", b"application/json")
        start = {"type": "http.response.start", "status": 401}
        await send({**start, "headers": [kind, (b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def _locked(slot: int, operation: int) -> Generator[int]:
    fcntl.lockf(slot, operation)
    try:
        yield slot
    finally:
        fcntl.lockf(slot, fcntl.LOCK_UN)
