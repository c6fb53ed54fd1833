"""Responses while a process of the stack dies during a request, and afterwards."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from edge.events import Boot
from tests.conftest import RunningStack
from tests.support.process_tree import children_of
from tests.support.waiting import PATIENCE, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.process]
SLOW = {"provider": "openai", "endpoint": "embeddings", "kind": "hang"}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def process(stack: RunningStack) -> httpx.Response:
    transcript = "Ann: What would it cost to wait? Bob: Too much."
    body = {"collection_id": "outage", "video_id": str(uuid4()), "transcript": transcript}
    return stack.call("process-transcript", body)


def is_embedding(stack: RunningStack) -> bool:
    state = httpx.get(
        f"{stack.url}/providers/_faults", headers=stack.control_headers, timeout=PATIENCE
    ).json()
    return state["requests"]["openai"].get("embeddings", 0) > 0


def test_postgres_stopped_in_mid_request_is_503_and_recovers(
    stack: RunningStack, pool: ThreadPoolExecutor
) -> None:
    stack.fault(**SLOW, seconds=5)
    waiting = pool.submit(process, stack)
    wait_for(lambda: is_embedding(stack))
    stack.cluster.stop()
    try:
        answer = waiting.result()
    finally:
        stack.cluster.start()

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "DATABASE_UNAVAILABLE"
    assert process(stack).status_code == 200


def test_postgres_comes_back_although_its_processes_outlive_it(stack: RunningStack) -> None:
    """A server cannot start while a process of the previous one is attached to its memory."""
    pid = stack.cluster.pid
    assert pid is not None
    child = next(iter(children_of(pid)))
    os.kill(child, signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: process(stack).status_code == 200)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    assert stack.cluster.pid not in {None, pid}


def test_a_worker_killed_in_mid_request_is_500_and_the_next_request_works(
    stack: RunningStack, pool: ThreadPoolExecutor
) -> None:
    assert process(stack).status_code == 200
    httpx.delete(f"{stack.url}/providers/_faults", headers=stack.control_headers, timeout=PATIENCE)
    stack.fault(**SLOW, seconds=80)  # the worker is killed before that, also by a slow machine
    waiting = pool.submit(process, stack)
    wait_for(lambda: is_embedding(stack))
    os.kill(worker_pid(stack), signal.SIGKILL)
    answer = waiting.result()

    assert (answer.status_code, answer.json()["code"]) == (500, "WORKER_ERROR")
    assert process(stack).status_code == 200


def worker_pid(stack: RunningStack) -> int:
    boots = [e for e in stack.events if isinstance(e, Boot) and e.slug == "process-transcript"]
    return boots[-1].pid
