"""Exports the platform's own families of numbers by OTLP, under the names that /metrics has."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Gauge as GaugeData
from opentelemetry.sdk.metrics.export import Histogram as HistogramData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from edge.metrics.exposition import Counter, Description, Family, Gauge, Histogram, Labels

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE


@dataclass(slots=True)
class MetricExport:
    """Sends what `families` returns; cumulative since the export was made."""

    exporter: MetricExporter
    resource: Resource
    scope: InstrumentationScope
    families: Callable[[], Sequence[Family]]
    _began: int = field(default_factory=time.time_ns, init=False)

    def send(self) -> None:
        """Send all families as they are now; the SDK logs failures, and tries some again."""
        now = time.time_ns()
        metrics = [metric for f in self.families() if (metric := self._convert(f, now))]
        if metrics:
            scoped = ScopeMetrics(self.scope, metrics, "")
            data = MetricsData([ResourceMetrics(self.resource, [scoped], "")])
            cast("Any", self.exporter).export(data)

    def close(self) -> None:
        cast("Any", self.exporter).shutdown()

    def _convert(self, family: Family, now: int) -> Metric | None:
        match family:
            case Counter(description, values):
                points = [self._number(description, *each, now) for each in list(values.items())]
                data = Sum(points, _CUMULATIVE, is_monotonic=True)
            case Gauge(description, values):
                points = [self._number(description, *each, now) for each in list(values.items())]
                data = GaugeData(points)
            case Histogram():
                description = family.description
                points = self._distributions(family, now)
                data = HistogramData(points, _CUMULATIVE)
            case _:
                return None
        return Metric(description.name, description.meaning, "", data) if points else None

    def _number(
        self, description: Description, labels: Labels, value: float, now: int
    ) -> NumberDataPoint:
        attributes = dict(zip(description.labels, labels, strict=True))
        return NumberDataPoint(attributes, self._began, now, float(value))

    def _distributions(self, family: Histogram, now: int) -> list[HistogramDataPoint]:
        return [
            HistogramDataPoint(
                attributes=dict(zip(family.description.labels, labels, strict=True)),
                start_time_unix_nano=self._began,
                time_unix_nano=now,
                count=sum(distribution.counts),
                sum=distribution.total,
                bucket_counts=list(distribution.counts),
                explicit_bounds=family.bounds,
                min=float("inf"),
                max=float("-inf"),
            )
            for labels, distribution in list(family.values.items())
        ]
