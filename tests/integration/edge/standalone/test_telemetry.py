"""Traces and metrics of a function that is deployed alone."""

import httpx
import pytest
from functions_framework import aio
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from edge.standalone.app import StandaloneApp
from edge.standalone.telemetry import create_telemetry
from tests.support.otlp_collector import attributes, collecting
from tests.support.serving import HttpServer, LoopThread

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def answer(request: Request) -> PlainTextResponse:
    status = int(request.query_params.get("status", "200"))
    return PlainTextResponse(request.headers["traceparent"], status)


def test_each_request_has_a_span_and_is_counted() -> None:
    lines: list[bytes] = []
    with collecting() as collector:
        telemetry = create_telemetry("hello", {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
        assert telemetry
        app = StandaloneApp("hello", answer, 1000, 20, (), "", lines.append, telemetry)

        async def main(request: Request) -> object:
            return await app.serve(request)

        thread = LoopThread()
        server = HttpServer(aio._create_asgi_app_with_function(main, "http", False))
        thread.run(server.start())
        header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        passed_on = httpx.get(server.url, headers=header).text
        failed = httpx.get(f"{server.url}?status=500")
        health = httpx.get(f"{server.url}/_internal/health")
        thread.run(server.close())
        thread.close()
        telemetry.telemetry.close()
        spans = {attributes(s.attributes)["http.response.status_code"]: s for s in collector.spans}
        counted = collector.wait_for_number("edge_invocations_total")

    assert (failed.status_code, health.status_code) == (500, 200)
    assert set(spans) == {"200", "500"}
    assert passed_on == f"00-{TRACE}-{spans['200'].span_id.hex()}-01"
    assert attributes(spans["500"].attributes)["error.type"] == "EDGE_FUNCTION_ERROR"
    assert {labels: point.as_double for labels, point in counted.items()} == {
        ("hello", "200"): 1,
        ("hello", "500"): 1,
    }
    assert TRACE.encode() in lines[0]
    assert collector.resources[0]["service.name"] == "hello"


def test_faulty_variables_are_reported_and_the_function_is_served(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert create_telemetry("hello", {}) is None
    assert create_telemetry("hello", {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}) is None
    assert b"must be a URL" in capfdbinary.readouterr().out
