"""A collector of OpenTelemetry's protocol over HTTP, which keeps spans and metrics."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import wait_for


@dataclass(slots=True)
class Collector:
    """`spans` by name; `numbers` are the newest by metric, then by labels."""

    url: str = ""
    spans: list[Any] = field(default_factory=list[Any])
    numbers: dict[str, dict[tuple[str, ...], Any]] = field(
        default_factory=dict[str, dict[tuple[str, ...], Any]]
    )
    resources: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def wait_for_span(self, name: str) -> Any:
        wait_for(lambda: any(span.name == name for span in self.spans))
        return next(span for span in self.spans if span.name == name)

    def wait_for_number(self, metric: str) -> dict[tuple[str, ...], Any]:
        wait_for(lambda: metric in self.numbers)
        return self.numbers[metric]

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.headers.append(dict(request.headers))
        if request.url.path.endswith("/traces"):
            self._take_traces(ExportTraceServiceRequest.FromString(body))
        else:
            self._take_metrics(ExportMetricsServiceRequest.FromString(body))
        return Response(media_type="application/x-protobuf")

    def _take_traces(self, sent: Any) -> None:
        for resource in sent.resource_spans:
            self.resources.append(attributes(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)

    def _take_metrics(self, sent: Any) -> None:
        for resource in sent.resource_metrics:
            self.resources.append(attributes(resource.resource.attributes))
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self._take_metric(metric)

    def _take_metric(self, metric: Any) -> None:
        points = getattr(metric, metric.WhichOneof("data")).data_points
        found = self.numbers.setdefault(metric.name, {})
        for point in points:
            found[tuple(attributes(point.attributes).values())] = point


def attributes(pairs: Iterable[Any]) -> dict[str, str]:
    """Return attributes as texts."""
    return {p.key: str(getattr(p.value, p.value.WhichOneof("value"))) for p in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Serve a collector on a free port."""
    collector, thread = Collector(), LoopThread()
    routes = [Route("/v1/{kind}", collector.take, methods=["POST"])]
    server = HttpServer(Starlette(routes=routes))
    thread.run(server.start())
    collector.url = server.url
    try:
        yield collector
    finally:
        thread.run(server.close())
        thread.close()
