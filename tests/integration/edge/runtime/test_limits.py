"""A worker over its limits: the platform's answer, the reason told, nobody else touched."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge.events import LogLine, Shutdown, ShutdownReason, WorkerRetired
from tests.support.functions_runtime import Functions

pytestmark = pytest.mark.process


def ended(functions: Functions, slug: str, reason: ShutdownReason) -> Shutdown:
    found = functions.wait_for(
        lambda e: isinstance(e, Shutdown) and e.slug == slug and e.reason is reason
    )
    assert isinstance(found, Shutdown)
    return found


def test_too_much_memory_is_546_and_others_go_on(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(client.get, "/crowded?seconds=1")
        answer = client.get("/hog?mb=200&sleep=5")
        after = client.get("/hog")

        assert (answer.status_code, answer.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
        assert answer.headers["sb-error-code"] == "WORKER_RESOURCE_LIMIT"
        assert (after.status_code, waiting.result().status_code) == (200, 200)
    assert ended(functions, "hog", ShutdownReason.MEMORY).memory_bytes > 64 << 20


def test_too_much_cpu_is_546(functions: Functions) -> None:
    with functions.client() as client:
        answer = client.get("/hog?cpu=20")

    assert (answer.status_code, answer.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
    assert ended(functions, "hog", ShutdownReason.CPU_TIME).cpu_ms >= 900


def test_some_cpu_too_much_retires_the_worker_after_its_answer(functions: Functions) -> None:
    with functions.client() as client:
        first = client.get("/hog?cpu=0.5")
        functions.wait_for(
            lambda e: isinstance(e, WorkerRetired) and e.reason is ShutdownReason.CPU_TIME
        )
        second = client.get("/hog")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text != second.text


def test_many_small_requests_are_not_taken_for_one_big_one(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: client.get("/hog?cpu=0.1"), range(12)))

    assert {answer.status_code for answer in answers} == {200}


def test_the_wall_clock_retires_at_half_and_kills_at_its_end(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(1) as thread:
        first = client.get("/short-lived").text
        waiting = thread.submit(client.get, "/short-lived?sleep=20")
        functions.wait_for(lambda e: isinstance(e, WorkerRetired) and e.slug == "short-lived")
        second = client.get("/short-lived").text
        killed = waiting.result()

    assert first != second
    assert (killed.status_code, killed.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
    ended(functions, "short-lived", ShutdownReason.WALL_CLOCK_TIME)


def test_a_body_over_the_limit_is_413_whether_announced_or_not(functions: Functions) -> None:
    def in_pieces():
        for _ in range(40):
            yield b"x" * 65536

    with functions.client() as client:
        whole = client.post("/limited", content=b"x" * (2 << 20))
        pieces = client.post("/limited", content=in_pieces())
        fitting = client.post("/limited", content=b"x" * (1 << 20))

    assert [a.json()["code"] for a in (whole, pieces)] == ["EDGE_BODY_TOO_LARGE"] * 2
    assert (whole.status_code, pieces.status_code) == (413, 413)
    assert fitting.text == str(1 << 20)


def test_too_many_invocations_a_second_are_429_with_a_pause(functions: Functions) -> None:
    time.sleep(1.1)
    with functions.client() as client:
        answers = [client.get("/limited") for _ in range(12)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert 5 <= len(refused) <= 7
    assert refused[0].json()["code"] == "RATE_LIMIT_EXCEEDED"
    assert refused[0].headers["retry-after"] == "1"


def test_background_work_keeps_a_worker_and_the_end_is_announced(functions: Functions) -> None:
    with functions.client() as client:
        pid = client.post("/lingers?seconds=1").json()["pid"]
    functions.wait_for(lambda e: isinstance(e, LogLine) and e.text == "background work is done")
    ended(functions, "lingers", ShutdownReason.EARLY_DROP)

    lines = [e.text for e in functions.events if isinstance(e, LogLine) and e.slug == "lingers"]
    assert pid > 0
    assert lines.index("background work is done") < lines.index("the end is near: early_drop")
