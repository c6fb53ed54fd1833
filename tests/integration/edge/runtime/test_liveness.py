"""Workers whose event loop is blocked: replaced at once, and killed with the place in the log."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import psutil
import pytest

from edge.events import LogLine, Shutdown, ShutdownReason
from tests.support.functions_runtime import Functions, serve
from tests.support.process_tree import parent_of
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process
ASYNC = """
import asyncio, os, re, time
def spin():
    while True:
        pass
async def main(request):
    match request.query_params.get("do"):
        case "spin":
            spin()
        case "sleep":
            time.sleep(60)
        case "regex":
            re.match(r"(a+)+$", "a" * 40 + "b")
        case "pause":
            time.sleep(1.2)
        case "wait":
            await asyncio.sleep(0.7)
    return {"pid": os.getpid()}
"""
SYNC = """
import hashlib, os, re, time
def main(request):
    end = time.monotonic() + float(request.args.get("seconds", "0"))
    while time.monotonic() < end:
        hashlib.sha256(b"x" * 100).hexdigest()
    if "regex" in request.args:
        re.match(r"(a+)+$", "a" * 40 + "b")
    return {"pid": os.getpid()}
"""

LOCKS = """
import multiprocessing, os, queue, threading, time
lock = threading.Lock()
def main(request):
    match request.args.get("do"):
        case "lock":
            lock.acquire()
            lock.acquire()
        case "queue":
            queue.Queue().get()
        case "sleep":
            time.sleep(4)
        case "timed":
            threading.Event().wait(4)
        case "other":
            done = threading.Event()
            threading.Thread(target=lambda: (time.sleep(4), done.set())).start()
            done.wait()
        case "process":
            fork = multiprocessing.get_context("fork")
            freed = fork.Semaphore(0)
            fork.Process(target=lambda: (time.sleep(4), freed.release())).start()
            freed.acquire()
    return {"pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def blocking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """Functions of which one blocks its event loop as it is asked, the other works in threads."""
    root = tmp_path_factory.mktemp("blocking")
    for name, source, settings in (
        ("loop", ASYNC, "max_workers = 1\nstall_timeout = 3"),
        ("patient", ASYNC, "max_workers = 1\nstall_timeout = 60"),
        ("threads", SYNC, "max_workers = 1\nstall_timeout = 2"),
        ("locks", LOCKS, "max_workers = 1\nconcurrency = 3\nstall_timeout = 3"),
    ):
        folder = root / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(source)
        (folder / "function.toml").write_text(f"verify_jwt = false\n{settings}\n")
    yield from serve(root)


def get(functions: Functions, path: str) -> httpx.Response:
    with functions.client() as client:
        client.timeout = httpx.Timeout(60)
        return client.get(path)


def leave_behind(functions: Functions, path: str) -> None:
    """Make a request and hang up while it is served."""
    with functions.client() as client, pytest.raises(httpx.ReadTimeout):
        client.get(path, timeout=0.5)


@pytest.mark.parametrize(
    ("do", "place"), [("spin", "spin ("), ("sleep", "main ("), ("regex", "match (")]
)
def test_a_blocked_worker_is_replaced_at_once_and_killed_later(
    blocking: Functions, do: str, place: str
) -> None:
    first = get(blocking, "/loop").json()["pid"]
    seen = len(blocking.events)
    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(get, blocking, f"/loop?do={do}")
        time.sleep(0.3)
        others = [get(blocking, "/loop") for _ in range(5)]
        was_stuck_meanwhile = not stuck.done()
        answer = stuck.result()

    assert {other.status_code for other in others} == {200}
    assert first not in {other.json()["pid"] for other in others}
    assert was_stuck_meanwhile
    assert (answer.status_code, answer.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
    new = blocking.events[seen:]
    assert [e for e in new if isinstance(e, Shutdown)][-1].reason is (
        ShutdownReason.EVENT_LOOP_BLOCKED
    )
    lines = [e.text for e in new if isinstance(e, LogLine) and "event loop was blocked" in e.text]
    assert len(lines) == 1
    assert f"It hangs in {place}" in lines[0]
    assert "functions/loop/main.py:" in lines[0]


@pytest.mark.linux_only("elsewhere no zygote tells of ends")
def test_a_killed_worker_whose_end_is_not_known_yet_is_reported_once(blocking: Functions) -> None:
    zygote = psutil.Process(parent_of(get(blocking, "/loop").json()["pid"]))
    seen = len(blocking.events)

    def reports() -> int:
        new = blocking.events[seen:]
        return sum("event loop was blocked" in e.text for e in new if isinstance(e, LogLine))

    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(get, blocking, "/loop?do=spin")
        zygote.suspend()
        try:
            wait_for(reports)
            time.sleep(1)  # some looks at a process that has been killed
        finally:
            zygote.resume()
        assert stuck.result().status_code == 546

    assert reports() == 1


def test_requests_that_a_blocked_worker_has_not_read_are_served_by_its_replacement(
    blocking: Functions,
) -> None:
    first = get(blocking, "/loop").json()["pid"]
    with ThreadPoolExecutor(6) as threads:
        stuck = threads.submit(get, blocking, "/loop?do=spin")
        time.sleep(0.05)
        others = list(threads.map(partial(get, blocking), ["/loop"] * 5))

    assert stuck.result().status_code == 546
    assert {other.status_code for other in others} == {200}
    assert first not in {other.json()["pid"] for other in others}


def test_a_request_that_hung_up_does_not_hide_that_its_worker_is_blocked(
    blocking: Functions,
) -> None:
    first = get(blocking, "/loop").json()["pid"]
    leave_behind(blocking, "/loop?do=spin")

    assert get(blocking, "/loop").json()["pid"] != first


def test_a_worker_that_goes_on_is_given_requests_again(blocking: Functions) -> None:
    first = get(blocking, "/patient").json()["pid"]
    with ThreadPoolExecutor(4) as threads:
        pausing = threads.submit(get, blocking, "/patient?do=pause")
        time.sleep(0.4)
        get(blocking, "/patient")
        paused = pausing.result().json()["pid"]
        answers = list(threads.map(partial(get, blocking), ["/patient?do=wait"] * 4))

    assert paused == first
    assert first in {answer.json()["pid"] for answer in answers}


def test_plain_functions_that_work_hard_in_threads_are_left_alone(blocking: Functions) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(partial(get, blocking), ["/threads?seconds=4"] * 4))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["pid"] for answer in answers}) == 1


def test_a_thread_that_holds_the_interpreter_is_killed(blocking: Functions) -> None:
    answer = get(blocking, "/threads?regex")

    assert (answer.status_code, answer.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
    assert get(blocking, "/threads").status_code == 200


@pytest.mark.linux_only("elsewhere a thread does not tell what it waits for")
@pytest.mark.parametrize("do", ["lock", "queue"])
def test_a_worker_whose_threads_wait_for_each_other_is_replaced_and_killed(
    blocking: Functions, do: str
) -> None:
    first = get(blocking, "/locks").json()["pid"]
    seen = len(blocking.events)
    with ThreadPoolExecutor(3) as threads:
        stuck = [threads.submit(get, blocking, f"/locks?do={do}") for _ in range(3)]
        time.sleep(0.3)
        others = [get(blocking, "/locks").json()["pid"] for _ in range(5)]
        were_stuck_meanwhile = not any(each.done() for each in stuck)
        answers = [each.result().status_code for each in stuck]

    assert first not in others
    assert were_stuck_meanwhile
    assert answers == [546] * 3
    lines = [e.text for e in blocking.events[seen:] if isinstance(e, LogLine)]
    found = [text for text in lines if "have waited for locks" in text]
    assert len(found) == 1
    assert "functions/locks/main.py:" in found[0]


@pytest.mark.parametrize("do", ["sleep", "timed", "other", "process"])
def test_a_worker_whose_threads_will_go_on_is_left_alone(blocking: Functions, do: str) -> None:
    first = get(blocking, "/locks").json()["pid"]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(partial(get, blocking), [f"/locks?do={do}"] * 3 + ["/locks"]))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.json()["pid"] for answer in answers} == {first}
