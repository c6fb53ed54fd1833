"""Traces and metrics of a function deployed alone; in its bundle if OTEL_… variables are set."""

import atexit
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from edge.events import RequestServed
from edge.metrics.observer import Metrics
from edge.production.cloud_logging import AnsweredRequest, render_remark
from edge.telemetry.export import Header, RequestSpan, Telemetry
from edge.telemetry.settings import read_telemetry


@dataclass(slots=True)
class StandaloneTelemetry:
    """Begins with the first request: a server may have forked its processes until then."""

    telemetry: Telemetry
    metrics: Metrics
    _instance: str = field(default="", init=False)

    def begin(self, name: str, headers: list[Header]) -> RequestSpan | None:
        """Begin a request's span."""
        if not self._instance:
            self._instance = str(uuid4())
            self.telemetry.start()
            atexit.register(self.telemetry.close)
        return self.telemetry.begin(name, headers)

    def end(self, span: RequestSpan | None, answered: AnsweredRequest, code: str) -> None:
        """Count the request, and end its span."""
        self.metrics(
            RequestServed(
                slug=answered.labels["function"],
                execution_id=self._instance,
                request_id=answered.labels["request_id"],
                method=answered.method,
                path=answered.url,
                status=answered.status,
                duration_ms=answered.seconds * 1000,
                code=code or None,
            )
        )
        if span:
            span.end(answered.status, answered.attributes(), code)


def create_telemetry(slug: str, values: Mapping[str, str]) -> StandaloneTelemetry | None:
    """Read the OTEL_… variables; None if nothing is sent.

    Faulty ones are reported in the log, and the function is served without.
    """
    try:
        settings = read_telemetry(values, slug)
    except ValueError as exc:
        sys.stdout.buffer.write(render_remark("ERROR", f"No telemetry is sent: {exc}", time.time()))
        sys.stdout.flush()
        return None
    if settings is None:
        return None
    metrics = Metrics()
    return StandaloneTelemetry(Telemetry(settings, metrics.families), metrics)
