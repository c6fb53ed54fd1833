"""The numbers over HTTP, for a Prometheus server or a person with curl."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from starlette.types import Receive, Scope, Send

from edge.metrics.exposition import CONTENT_TYPE
from edge.metrics.observer import Metrics

_READING: Final = ("GET", "HEAD")


def _none() -> int:
    return 0


class Rendering(Protocol):
    """What has numbers to show."""

    def render(self) -> bytes:
        """Render them in Prometheus' text format, in any thread."""
        ...


@dataclass(frozen=True, slots=True)
class MetricsApp:
    """Answers GET /metrics, wherever it is mounted: one at a time, beside the event loop."""

    metrics: Rendering
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        if scope["method"] in _READING:
            async with self._turn:
                body = await asyncio.to_thread(self.metrics.render)
        await _answer(scope, send, body, CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class PlatformMetricApp:
    """Answers GET /_internal/metric, wherever it is mounted, as supabase/edge-runtime does."""

    metrics: Metrics
    in_flight: Callable[[], int] = _none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, send, self._render(), "application/json")

    def _render(self) -> bytes:
        return json.dumps(self.metrics.describe_platform(in_flight=self.in_flight())).encode()


async def _answer(scope: Scope, send: Send, body: bytes, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    status = 200
    if scope["method"] not in _READING:
        status, body = 405, b""
        headers.append((b"allow", ", ".join(_READING).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
