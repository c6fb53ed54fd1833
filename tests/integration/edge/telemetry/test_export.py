"""What a collector gets of a process' requests and numbers."""

import time

from edge.events import Boot, RequestServed
from edge.metrics.observer import Metrics
from edge.telemetry.context import parse_trace
from edge.telemetry.export import Telemetry
from edge.telemetry.settings import Signal, TelemetrySettings
from tests.support.otlp_collector import attributes, collecting

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_spans_and_metrics_arrive_with_the_names_of_ours() -> None:
    metrics = Metrics()
    metrics(RequestServed("hello", "e", "r", "POST", "/hello", 503, 30.0, code="WORKER_ERROR"))
    metrics(Boot("hello", "e", 1, 30.0))
    with collecting() as collector:
        signals = [
            Signal(f"{collector.url}/v1/{kind}", {"x-key": "k"}) for kind in ("traces", "metrics")
        ]
        settings = TelemetrySettings(*signals, "shop", {"deployment.environment": "test"}, 0.05)
        telemetry = Telemetry(settings, metrics.families)
        telemetry.start()
        header = (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())
        child = telemetry.begin("POST /functions/v1/hello", [header, (b"x", b"1")])
        orphan = telemetry.begin("other", [])
        assert child
        assert orphan
        passed_on = dict(child.headers([header, (b"x", b"1")]))
        child.end(503, {"faas.name": "hello"}, "WORKER_ERROR")
        orphan.end(404, {})
        telemetry.close()

        span = collector.wait_for_span("POST /functions/v1/hello")
        other = collector.wait_for_span("other")
        counted = collector.wait_for_number("edge_invocations_total")
        durations = collector.wait_for_number("edge_invocation_duration_seconds")
        workers = collector.wait_for_number("edge_workers")

    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert passed_on == {b"x": b"1", b"traceparent": f"00-{TRACE}-{span.span_id.hex()}-01".encode()}
    assert attributes(span.attributes) == {
        "faas.name": "hello",
        "http.response.status_code": "503",
        "error.type": "WORKER_ERROR",
    }
    assert (span.status.code, other.status.code, other.parent_span_id) == (2, 0, b"")
    assert counted["hello", "503"].as_double == 1
    assert (durations["hello",].count, durations["hello",].sum) == (1, 0.03)
    assert durations["hello",].bucket_counts[3] == 1
    assert workers["hello", "ready"].as_double == 1
    assert collector.headers[0]["x-key"] == "k"
    assert collector.resources[0]["service.name"] == "shop"
    assert collector.resources[0]["deployment.environment"] == "test"


def test_what_is_not_sampled_stays_so_and_is_passed_on() -> None:
    with collecting() as collector:
        settings = TelemetrySettings(Signal(f"{collector.url}/v1/traces", {}), None, "shop", {})
        telemetry = Telemetry(settings, tuple)
        telemetry.start()
        span = telemetry.begin("hello", [(b"traceparent", f"00-{TRACE}-{PARENT}-00".encode())])
        assert span
        trace = parse_trace(dict(span.headers([]))[b"traceparent"].decode(), "")
        span.end(200, {})
        telemetry.close()

    assert trace
    assert (trace.trace_id, trace.is_sampled) == (TRACE, False)
    assert collector.spans == []


def test_a_collector_that_is_gone_costs_little() -> None:
    signal = Signal("http://127.0.0.1:9/v1/traces", {})
    telemetry = Telemetry(TelemetrySettings(signal, None, "shop", {}), tuple)
    telemetry.start()
    began = time.monotonic()
    for _ in range(100):
        span = telemetry.begin("hello", [])
        assert span
        span.end(200, {})
    passed = time.monotonic() - began
    telemetry.close()

    assert passed < 5
