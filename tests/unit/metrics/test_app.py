"""The numbers over HTTP."""

import asyncio
import threading
import time

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


class _Slow:
    """Notes the threads that render, and how many do at once."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.at_once: list[int] = []
        self._running = 0

    def render(self) -> bytes:
        self.threads.add(threading.get_ident())
        self._running += 1
        self.at_once.append(self._running)
        time.sleep(0)  # lets the other threads go on
        self._running -= 1
        return b"edge_up 1\n"


async def test_numbers_are_rendered_beside_the_event_loop_one_at_a_time() -> None:
    numbers = _Slow()
    async with client(MetricsApp(numbers)) as http:
        answers = await asyncio.gather(*(http.get("/") for _ in range(20)))

    assert {answer.content for answer in answers} == {b"edge_up 1\n"}
    assert threading.get_ident() not in numbers.threads
    assert set(numbers.at_once) == {1}
