"""The one set-up of the OpenTelemetry SDK: a span for each request, and the metrics of a process.

Everything is sent by threads of its own, from bounded queues: a collector that is slow or gone
costs no request, only what does not fit into the queue.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from edge.metrics.exposition import Family
from edge.telemetry.context import Trace, parse_trace, render_traceparent
from edge.telemetry.metrics import MetricExport
from edge.telemetry.settings import TelemetrySettings

_SCOPE: Final = "edge-functions"
_CLOSE_SECONDS: Final = 3.0
_SERVER_ERROR: Final = 500
_TRACEPARENT: Final = b"traceparent"
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """The span of a request under way; `trace` is what its logs and its function's calls name."""

    span: Span
    trace: Trace

    def headers(self, given: Iterable[Header]) -> list[Header]:
        """Return the request's headers with this span as the parent of what follows."""
        kept = [header for header in given if header[0] != _TRACEPARENT]
        return [*kept, (_TRACEPARENT, render_traceparent(self.trace).encode())]

    def end(self, status: int, attributes: Mapping[str, AttributeValue], error: str = "") -> None:
        """End the span; a status of 5xx, or an `error`, is an error of the server."""
        if not self.span.is_recording():
            return
        self.span.set_attributes({"http.response.status_code": status, **attributes})
        if status >= _SERVER_ERROR:
            self.span.set_attribute("error.type", error or str(status))
            self.span.set_status(Status(StatusCode.ERROR))
        self.span.end()


@dataclass(frozen=True, slots=True)
class FinishedSpan:
    """A span that is over; ids are hexadecimal, times nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: SpanKind
    start: int
    end: int
    attributes: Mapping[str, AttributeValue]
    is_error: bool = False


@dataclass(slots=True)
class Telemetry:
    """What a process sends; `start` it once the process will not fork any more."""

    settings: TelemetrySettings
    families: Callable[[], Sequence[Family]]
    _tracer: Tracer | None = field(default=None, init=False)
    _provider: TracerProvider | None = field(default=None, init=False)
    _processor: BatchSpanProcessor | None = field(default=None, init=False)
    _metrics: MetricExport | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _is_closed: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Set up the exporters, and send metrics from now on."""
        settings, resource = self.settings, _describe_process(self.settings)
        if signal := settings.traces:
            self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            exporter = OTLPSpanExporter(endpoint=signal.url, headers=dict(signal.headers))
            self._processor = BatchSpanProcessor(exporter)
            self._provider.add_span_processor(self._processor)
            self._tracer = self._provider.get_tracer(_SCOPE, _own_version())
        if signal := settings.metrics:
            exporter = OTLPMetricExporter(endpoint=signal.url, headers=dict(signal.headers))
            scope = InstrumentationScope(_SCOPE, _own_version())
            self._metrics = MetricExport(exporter, resource, scope, self.families)
            self._thread = threading.Thread(target=self._send_metrics, daemon=True, name="otlp")
            self._thread.start()

    def begin(self, name: str, headers: Iterable[Header]) -> RequestSpan | None:
        """Begin the span of a request, a child of the trace that its headers name, if any.

        Returns None if no traces are sent.
        """
        if self._tracer is None:
            return None
        parent = _parent_of(headers)
        context = set_span_in_context(NonRecordingSpan(parent)) if parent else None
        span = self._tracer.start_span(name, context=context, kind=SpanKind.SERVER)
        made = span.get_span_context()
        trace = Trace(f"{made.trace_id:032x}", f"{made.span_id:016x}", made.trace_flags.sampled)
        return RequestSpan(span, trace)

    def emit(self, span: FinishedSpan) -> None:
        """Send a span that was timed elsewhere."""
        if self._processor is None or self._provider is None:
            return
        trace_id, flags = int(span.trace_id, 16), TraceFlags(TraceFlags.SAMPLED)
        parent = span.parent_id and SpanContext(trace_id, int(span.parent_id, 16), False, flags)
        finished = ReadableSpan(
            span.name,
            context=SpanContext(trace_id, int(span.span_id, 16), False, flags),
            parent=parent or None,
            resource=self._provider.resource,
            attributes=span.attributes,
            kind=span.kind,
            status=Status(StatusCode.ERROR if span.is_error else StatusCode.UNSET),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=InstrumentationScope(_SCOPE, _own_version()),
        )
        self._processor.on_end(finished)

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        closing = threading.Thread(target=self._shut_down, daemon=True, name="otlp-close")
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _shut_down(self) -> None:
        if self._thread:
            self._thread.join()
        if self._metrics:
            self._metrics.send()
            self._metrics.close()
        if self._provider:
            self._provider.shutdown()

    def _send_metrics(self) -> None:
        assert self._metrics is not None
        while not self._is_closed.wait(self.settings.interval):
            self._metrics.send()


def _parent_of(headers: Iterable[Header]) -> SpanContext | None:
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in (_TRACEPARENT, b"x-cloud-trace-context"):
            found.setdefault(name, value.decode("latin-1"))
    trace = parse_trace(found.get(_TRACEPARENT, ""), found.get(b"x-cloud-trace-context", ""))
    if trace is None or not int(trace.span_id or "0", 16):
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if trace.is_sampled else TraceFlags.DEFAULT)
    return SpanContext(
        int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=True, trace_flags=flags
    )


def _describe_process(settings: TelemetrySettings) -> Resource:
    return Resource.create(
        {
            **settings.attributes,
            "service.name": settings.service,
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
        }
    )


def _own_version() -> str:
    try:
        return version(_SCOPE)
    except PackageNotFoundError:  # a function deployed alone has modules of it only
        return ""
