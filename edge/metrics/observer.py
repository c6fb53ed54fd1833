"""Counts what happens, for /metrics and /_internal/metric."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.events import (
    Boot,
    BootFailure,
    Event,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    ZygoteLost,
)
from edge.logs.record import RequestRecord
from edge.metrics.exposition import Counter, Description, Family, Gauge, render
from edge.metrics.families import RecordFamilies, RequestFamilies, WorkerFamilies
from edge.metrics.workers import Census, WorkerState
from edge.operating_system import peak_bytes, resident_bytes

UNKNOWN_FUNCTION: Final = "(unknown)"
"""Stands for all names that no function has: anybody can ask for any number of them."""

_WORKERS: Final = Description("edge_workers", "Workers that live now.", ("function", "state"))
_DROPPED: Final = Description(
    "edge_log_lines_dropped_total", "Lines that the log did not keep.", ("function",)
)


def _none_dropped() -> Mapping[str, int]:
    return {}


@dataclass(slots=True)
class Metrics:
    """Counts events; `dropped_lines` returns, by function, how many lines the log dropped."""

    dropped_lines: Callable[[], Mapping[str, int]] = _none_dropped
    requests: RequestFamilies = field(default_factory=RequestFamilies, init=False)
    records: RecordFamilies = field(default_factory=RecordFamilies, init=False)
    workers: WorkerFamilies = field(default_factory=WorkerFamilies, init=False)
    _census: Census = field(default_factory=Census, init=False)
    _handled: int = field(default=0, init=False)

    def __call__(self, event: Event) -> None:
        self._census.observe(event)
        match event:
            case RequestServed():
                self._count_request(event)
            case LogLine():
                self._count_line(event)
            case Boot(slug, boot_ms=boot_ms):
                self.workers.boots.observe(boot_ms / 1000, slug)
            case BootFailure(slug):
                self.workers.boot_failures.add(slug)
            case Shutdown():
                self._count_shutdown(event)
            case SourceChanged(slug):
                self.workers.reloads.add(slug)
            case ZygoteLost():
                self.workers.zygote_losses.add()
            case _:
                pass

    def families(self) -> tuple[Family, ...]:
        """Return all metrics."""
        dropped = {(slug,): float(count) for slug, count in self.dropped_lines().items()}
        return (
            *vars(self.requests).values(),
            *vars(self.records).values(),
            *vars(self.workers).values(),
            Gauge(_WORKERS, self._census.by_function()),
            Counter(_DROPPED, dropped),
        )

    def render(self) -> bytes:
        """Render all metrics in Prometheus' text format."""
        return render(self.families())

    def describe_platform(self, *, in_flight: int = 0) -> dict[str, Any]:
        """Return the fields of supabase/edge-runtime's /_internal/metric.

        There is no V8 here: of the heap's numbers those are given that a CPython process has. The
        event worker's are null, as upstream when there is none.
        """
        return {
            "mainWorkerHeapStats": {
                "totalHeapSize": resident_bytes(os.getpid()),
                "totalHeapExecutable": 0,
                "totalPhysicalSize": resident_bytes(os.getpid()),
                "totalAvailableSize": 0,
                "totalGlobalHandlesSize": 0,
                "usedGlobalHandlesSize": 0,
                "usedHeapSize": resident_bytes(os.getpid()),
                "mallocedMemory": 0,
                "externalMemory": 0,
                "peakMallocedMemory": peak_bytes(),
            },
            "eventWorkerHeapStats": None,
            "activeUserWorkersCount": self._census.count(WorkerState.READY),
            "retiredUserWorkersCount": self._census.count(WorkerState.RETIRED),
            "receivedRequestsCount": self._handled + in_flight,
            "handledRequestsCount": self._handled,
        }

    def _count_request(self, event: RequestServed) -> None:
        self._handled += 1
        is_known = event.code != "NOT_FOUND"  # a function's own 404 has no code of the platform
        slug = event.slug if is_known else UNKNOWN_FUNCTION
        self.requests.invocations.add(slug, str(event.status))
        self.requests.durations.observe(event.duration_ms / 1000, slug)
        if event.is_cold:
            self.requests.cold.add(slug)
        if event.code:
            self.requests.errors.add(slug, event.code)
        if event.code and event.status == 429:
            self.requests.rate_limited.add(slug)

    def _count_line(self, event: LogLine) -> None:
        self.records.lines.add(event.slug, event.level)
        if event.record:
            self._count_record(event.slug, event.record)

    def _count_record(self, slug: str, record: RequestRecord) -> None:
        if record.duration_ms is not None:
            self.records.processing.observe(record.duration_ms / 1000, slug)
        for stage in record.stages:
            outcome = "success" if stage.status == "success" else "error"
            self.records.stages.add(slug, stage.name, outcome)
            self.records.stage_durations.observe(stage.duration_ms / 1000, slug, stage.name)
        if record.cache_hit is not None:
            self.records.cache_lookups.add(slug, "hit" if record.cache_hit else "miss")
        if record.fallback_level is not None:
            self.records.fallbacks.add(slug, str(record.fallback_level))
        if failure := record.failure:
            self.requests.errors.add(slug, failure.code)
            if failure.provider:
                self.records.provider_errors.add(failure.provider, failure.code)

    def _count_shutdown(self, event: Shutdown) -> None:
        self.workers.shutdowns.add(event.slug, event.reason)
        self.workers.cpu.add(event.slug, amount=event.cpu_ms / 1000)
        if event.memory_bytes:
            self.workers.memory.observe(event.memory_bytes, event.slug)
        if event.reason is ShutdownReason.EVENT_LOOP_COMPLETED:
            self.workers.crashes.add(event.slug)
