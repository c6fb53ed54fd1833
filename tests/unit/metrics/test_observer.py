"""What is counted, as a Prometheus server would read it."""

import json
from typing import Any, Protocol

import pytest

from edge.events import (
    Boot,
    BootFailure,
    Event,
    Level,
    LogLine,
    RequestServed,
    Shutdown,
    ShutdownReason,
    SourceChanged,
    WorkerRetired,
    ZygoteLost,
    ZygoteReady,
)
from edge.logs.line import read_line
from edge.metrics.observer import UNKNOWN_FUNCTION, Metrics

EVERY_EVENT: tuple[Event, ...] = (
    Boot("f", "e", 1, 20.0),
    BootFailure("f", "e", "x"),
    WorkerRetired("f", "e", ShutdownReason.CPU_TIME),
    Shutdown("f", "e", ShutdownReason.CPU_TIME, 0, 5.0, 1),
    LogLine("f", "e", "stdout", Level.INFO, "x"),
    RequestServed("f", "e", "r", "GET", "/f", 200, 1.0),
    SourceChanged("f", ("a",)),
    ZygoteReady(1.0, ()),
    ZygoteLost(None),
)


class Page(Protocol):
    kinds: dict[str, str]

    def value(self, name: str, **labels: str) -> float | None: ...
    def labels(self, name: str) -> list[dict[str, str]]: ...


class Parser(Protocol):
    def parse(self, content: bytes) -> Page: ...


class Observed:
    """Metrics that have seen some events, as a page."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self.metrics = Metrics(dropped_lines=lambda: {"f": 7})

    def __call__(self, *events: Event) -> Page:
        for event in events:
            self.metrics(event)
        return self._parser.parse(self.metrics.render())


@pytest.fixture
def observe(parser: Parser) -> Observed:
    return Observed(parser)


def served(slug: str = "f", status: int = 200, code: str | None = None, **more: Any) -> Event:
    return RequestServed(slug, "e", "r", "POST", f"/{slug}", status, 250.0, code, **more)


def record(**members: Any) -> Event:
    text = json.dumps({"request_id": "r", "status": 200, "stages": {}, **members})
    return read_line("f", "e", "stdout", text)


def test_invocations_are_counted_by_status_and_timed(observe: Observed) -> None:
    page = observe(served(), served(), served(status=500))

    assert page.value("edge_invocations_total", function="f", status="200") == 2
    assert page.value("edge_invocations_total", function="f", status="500") == 1
    assert page.value("edge_invocation_duration_seconds_sum", function="f") == 0.75
    assert page.value("edge_invocation_duration_seconds_bucket", function="f", le="0.25") == 3
    assert page.value("edge_invocation_duration_seconds_bucket", function="f", le="0.1") == 0


def test_cold_ones_are_counted_apart(observe: Observed) -> None:
    page = observe(served(is_cold=True), served())

    assert page.value("edge_cold_invocations_total", function="f") == 1


def test_names_that_no_function_has_share_one_label(observe: Observed) -> None:
    page = observe(*(served(f"guess-{n}", 404, "NOT_FOUND") for n in range(50)), served("f", 404))

    labels = page.labels("edge_invocations_total")
    assert [label["function"] for label in labels] == [UNKNOWN_FUNCTION, "f"]
    assert page.value("edge_invocations_total", function=UNKNOWN_FUNCTION, status="404") == 50


def test_only_the_platforms_429_is_its_rate_limit(observe: Observed) -> None:
    page = observe(served(status=429, code="EDGE_RATE_LIMITED"), served(status=429))

    assert page.value("edge_rate_limited_requests_total", function="f") == 1


def test_caches_and_fallbacks_are_counted_as_functions_record_them(observe: Observed) -> None:
    hits = (record(cache_hit=True, fallback_level=0), record(cache_hit=True, fallback_level=2))
    page = observe(*hits, record(cache_hit=False), record())

    assert page.value("edge_cache_lookups_total", function="f", result="hit") == 2
    assert page.value("edge_cache_lookups_total", function="f", result="miss") == 1
    assert page.value("edge_fallbacks_total", function="f", level="0") == 1
    assert page.value("edge_fallbacks_total", function="f", level="2") == 1


@pytest.mark.parametrize("value", ["yes", 1, None, [], 1.5, -1, 10**9, {"a": True}])
def test_other_values_are_no_cache_or_fallback(observe: Observed, value: object) -> None:
    level = None if value == 1 else value
    page = observe(record(cache_hit=value, fallback_level=level))

    assert page.labels("edge_cache_lookups_total") == page.labels("edge_fallbacks_total") == []


def test_boots_are_timed_and_failures_counted(observe: Observed) -> None:
    page = observe(Boot("f", "e", 1, 25.0), BootFailure("f", "e2", "x"))

    assert page.value("edge_boot_duration_seconds_count", function="f") == 1
    assert page.value("edge_boot_duration_seconds_bucket", function="f", le="0.02") == 0
    assert page.value("edge_boot_duration_seconds_bucket", function="f", le="0.03") == 1
    assert page.value("edge_boot_failures_total", function="f") == 1


def workers(page: Page, slug: str = "f") -> tuple[float | None, float | None]:
    return (
        page.value("edge_workers", function=slug, state="ready"),
        page.value("edge_workers", function=slug, state="retired"),
    )


def test_workers_are_followed_through_their_lives(observe: Observed) -> None:
    assert workers(observe(Boot("f", "1", 1, 1.0), Boot("f", "2", 2, 1.0))) == (2, 0)
    assert workers(observe(WorkerRetired("f", "1", ShutdownReason.MEMORY))) == (1, 1)
    assert workers(observe(Shutdown("f", "1", ShutdownReason.MEMORY, -9))) == (1, 0)
    assert workers(observe(ZygoteLost(-9))) == (0, 0)


def test_the_end_of_a_worker_that_never_booted_changes_no_count(observe: Observed) -> None:
    page = observe(
        Boot("f", "1", 1, 1.0),
        WorkerRetired("f", "other", ShutdownReason.MEMORY),
        Shutdown("f", "other", ShutdownReason.EVENT_LOOP_COMPLETED, 3),
    )

    assert workers(page) == (1, 0)


def test_a_shutdown_tells_reason_and_resources_and_a_crash_is_one(observe: Observed) -> None:
    page = observe(
        Shutdown("f", "1", ShutdownReason.EVENT_LOOP_COMPLETED, -11, 1500.0, 50_000_000),
        Shutdown("f", "2", ShutdownReason.EARLY_DROP, 0, 500.0, 0),
    )

    by_reason = {
        reason: page.value("edge_worker_shutdowns_total", function="f", reason=reason)
        for reason in ("EventLoopCompleted", "EarlyDrop")
    }
    assert by_reason == {"EventLoopCompleted": 1, "EarlyDrop": 1}
    assert page.value("edge_worker_crashes_total", function="f") == 1
    assert page.value("edge_worker_cpu_seconds_total", function="f") == 2
    assert page.value("edge_worker_memory_bytes_count", function="f") == 1
    assert page.value("edge_worker_memory_bytes_sum", function="f") == 50_000_000


def test_stages_are_timed_and_their_outcomes_counted(observe: Observed) -> None:
    stages = {
        "read": {"status": "success", "duration_ms": 10},
        "analyse": {"status": "error", "duration_ms": 900},
    }
    page = observe(record(duration_ms=1000, stages=stages))

    assert page.value("edge_processing_duration_seconds_sum", function="f") == 1
    assert page.value("edge_stage_duration_seconds_sum", function="f", stage="analyse") == 0.9
    assert (
        page.value("edge_stages_total", function="f", stage="read", status="success")
        == page.value("edge_stages_total", function="f", stage="analyse", status="error")
        == 1
    )


def test_errors_are_counted_by_code_and_providers_by_name(observe: Observed) -> None:
    failure = {"code": "PROVIDER_TIMEOUT", "message": "…", "provider": "OpenAI"}
    page = observe(
        record(status=504, error=failure),
        record(status=400, error={"code": "BAD_INPUT", "message": "…"}),
        served(status=503, code="BOOT_ERROR"),
    )

    codes = {label["code"] for label in page.labels("edge_errors_total")}
    assert codes == {"PROVIDER_TIMEOUT", "BAD_INPUT", "BOOT_ERROR"}
    assert page.labels("edge_provider_errors_total") == [
        {"provider": "OpenAI", "code": "PROVIDER_TIMEOUT"}
    ]


def test_lines_are_counted_and_those_dropped(observe: Observed) -> None:
    page = observe(LogLine("f", "e", "stderr", Level.ERROR, "x"))

    assert page.value("edge_log_lines_total", function="f", level="error") == 1
    assert page.value("edge_log_lines_dropped_total", function="f") == 7


def test_reloads_and_lost_zygotes_are_counted(observe: Observed) -> None:
    page = observe(SourceChanged("f", ("a",)), ZygoteLost(None), ZygoteLost(1))

    assert page.value("edge_reloads_total", function="f") == 1
    assert page.value("edge_zygote_losses_total") == 2


def test_a_function_that_invents_stages_does_not_grow_the_page_for_ever(observe: Observed) -> None:
    stage = {"status": "success", "duration_ms": 1}
    page = observe(*(record(stages={f"s{n}": stage}) for n in range(3000)))

    assert len(page.labels("edge_stage_duration_seconds_count")) == 501
    assert len(page.labels("edge_stages_total")) == 2001


def test_every_family_is_named_after_the_platform_and_typed(observe: Observed) -> None:
    kinds = observe(*EVERY_EVENT).kinds

    assert all(name.startswith("edge_") for name in kinds)
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in kinds.items())


def test_the_platforms_own_metric_has_upstreams_members(observe: Observed) -> None:
    observe(Boot("f", "1", 1, 1.0), Boot("f", "2", 1, 1.0), served())
    observe(WorkerRetired("f", "2", ShutdownReason.WALL_CLOCK_TIME))

    described = observe.metrics.describe_platform(in_flight=2)

    assert described["mainWorkerHeapStats"]["totalHeapSize"] > 1_000_000
    assert {name: described[name] for name in described if name != "mainWorkerHeapStats"} == {
        "eventWorkerHeapStats": None,
        "activeUserWorkersCount": 1,
        "retiredUserWorkersCount": 1,
        "receivedRequestsCount": 3,
        "handledRequestsCount": 1,
    }
