"""How many workers a function has, and what becomes of them."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.events import Boot, Shutdown, ShutdownReason, ZygoteLost, ZygoteReady
from tests.support.functions_runtime import Functions
from tests.support.process_tree import parent_of
from tests.support.waiting import wait_for, wait_gone

pytestmark = pytest.mark.process


def test_workers_grow_to_the_limit_when_all_are_busy_and_shrink_when_idle(
    functions: Functions,
) -> None:
    with functions.client() as client, ThreadPoolExecutor(9) as threads:
        answers = list(threads.map(lambda _: client.get("/crowded"), range(9)))
    pids = {answer.text for answer in answers}

    assert {answer.status_code for answer in answers} == {200}
    assert len(pids) == 3
    for pid in pids:
        wait_gone(int(pid))
    dropped = [e for e in functions.events if isinstance(e, Shutdown) and e.slug == "crowded"]
    assert {event.reason for event in dropped} == {ShutdownReason.EARLY_DROP}


def test_oneshot_gives_each_request_a_fresh_worker(functions: Functions) -> None:
    with functions.client() as client, ThreadPoolExecutor(4) as threads:
        answers = [a.json() for a in threads.map(lambda _: client.get("/once"), range(8))]

    assert {answer["count"] for answer in answers} == {1}
    assert len({answer["pid"] for answer in answers}) == 8
    for answer in answers:
        wait_gone(answer["pid"])


def test_a_crash_loop_is_slowed_down(functions: Functions) -> None:
    with functions.client() as client:
        client.get("/echo")  # the zygote has started
        end = time.monotonic() + 3
        while time.monotonic() < end:
            client.get("/falls-over")
            time.sleep(0.06)

    boots = [e for e in functions.events if isinstance(e, Boot) and e.slug == "falls-over"]
    assert 2 <= len(boots) < 20


def test_what_a_function_has_started_ends_with_its_worker(functions: Functions) -> None:
    with functions.client() as client:
        answer = client.get("/leaves-children").json()
    os.kill(answer["pid"], signal.SIGKILL)

    wait_gone(answer["child"])


@pytest.mark.linux_only("elsewhere workers are not forked")
def test_a_killed_zygote_is_replaced_and_the_gateway_goes_on(functions: Functions) -> None:
    with functions.client() as client:
        worker = client.get("/echo").json()["pid"]
        zygote = parent_of(worker)
        assert zygote
        seen = len(functions.events)
        os.kill(zygote, signal.SIGKILL)
        wait_gone(worker)
        after = client.get("/echo")

    def is_ready_again() -> bool:
        return any(isinstance(event, ZygoteReady) for event in functions.events[seen:])

    assert after.status_code == 200
    assert any(isinstance(event, ZygoteLost) for event in functions.events[seen:])
    wait_for(is_ready_again)


@pytest.mark.linux_only("it reads /proc")
def test_a_worker_s_memory_and_environment_are_closed_to_its_siblings(
    functions: Functions,
) -> None:
    """Root reads everything; what is tested is that the kernel gives the files to root alone."""
    with functions.client() as client:
        pid = client.get("/echo").json()["pid"]

    assert Path(f"/proc/{pid}/environ").stat().st_uid == 0
    assert Path(f"/proc/{pid}/mem").stat().st_mode & 0o077 == 0
    assert "SUPABASE_FUNCTION_SLUG" not in Path(f"/proc/{pid}/environ").read_text()
