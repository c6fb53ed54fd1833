"""The numbers over HTTP."""

import httpx
import pytest

from edge.events import RequestServed
from edge.metrics.app import MetricsApp, PlatformMetricApp
from edge.metrics.observer import Metrics


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    metrics(RequestServed("f", "e", "r", "GET", "/f", 200, 1.0))
    return metrics


def client(app: MetricsApp | PlatformMetricApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge")


async def test_a_get_answers_the_text_format(metrics: Metrics) -> None:
    async with client(MetricsApp(metrics)) as http:
        answer = await http.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'edge_invocations_total{function="f",status="200"} 1' in answer.text.splitlines()


async def test_a_head_answers_the_headers_only(metrics: Metrics) -> None:
    async with client(MetricsApp(metrics)) as http:
        answer = await http.head("/")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_other_methods_are_refused(metrics: Metrics) -> None:
    async with client(MetricsApp(metrics)) as http:
        answer = await http.post("/")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_platforms_metric_is_json_with_requests_in_flight(metrics: Metrics) -> None:
    async with client(PlatformMetricApp(metrics, in_flight=lambda: 4)) as http:
        answer = await http.get("/")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["receivedRequestsCount"] == 5
