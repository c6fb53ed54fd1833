"""The numbers over HTTP, for a Prometheus server or a person with curl."""

import json
from collections.abc import Callable
from dataclasses import dataclass
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
        """Render them in Prometheus' text format."""
        ...


@dataclass(frozen=True, slots=True)
class MetricsApp:
    """Answers GET /metrics, wherever it is mounted."""

    metrics: Rendering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, send, self.metrics.render, CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class PlatformMetricApp:
    """Answers GET /_internal/metric, wherever it is mounted, as supabase/edge-runtime does."""

    metrics: Metrics
    in_flight: Callable[[], int] = _none

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, send, self._render, "application/json")

    def _render(self) -> bytes:
        return json.dumps(self.metrics.describe_platform(in_flight=self.in_flight())).encode()


async def _answer(scope: Scope, send: Send, render: Callable[[], bytes], content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    status, body = 200, b""
    if scope["method"] in _READING:
        body = render()
    else:
        status = 405
        headers.append((b"allow", ", ".join(_READING).encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
