"""Functions that daemonize, block or flood the log; two hundred of them; deaths at every step."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from edge.events import Boot, LogLine, Shutdown, WorkerRetired
from tests.support.functions_runtime import Functions, serve
from tests.support.process_tree import children_of, is_running, parent_of
from tests.support.waiting import PATIENCE, wait_for, wait_gone

pytestmark = pytest.mark.process

_HEAD = "import os, time, asyncio\nfrom starlette.requests import Request\n"
DAEMON = """
async def main(request: Request):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writing, str(os.getpid()).encode())
            time.sleep(300)
        os._exit(0)
    os.wait()
    return {"pid": os.getpid(), "daemon": int(os.read(reading, 20))}
"""
BLOCKED = """
async def main(request: Request):
    time.sleep(float(request.query_params.get("seconds", "0")))
    return {"pid": os.getpid()}
"""
FLOOD = """
async def main(request: Request):
    line = "x" * 9_996
    for number in range(10_000):
        print(f"{number:>4}{line}")
    return {"pid": os.getpid()}
"""
SLEEPY = """
async def main(request: Request):
    await asyncio.sleep(float(request.query_params.get("seconds", "0")))
    return {"pid": os.getpid()}
"""
LATE = "import time\ntime.sleep(1)\n" + SLEEPY
SIMPLE = """
async def main(request: Request):
    return {"pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """A project of functions that mean harm, and one that does not."""
    root = tmp_path_factory.mktemp("hostile")
    write(root, "daemon", DAEMON)
    write(root, "blocked", BLOCKED, "timeout = 1\nmax_workers = 1\n")
    write(root, "flood", FLOOD, "stall_timeout = 60\n")
    write(root, "sleepy", SLEEPY, "max_workers = 1\nwall_clock = 3\n")
    write(root, "late", LATE, "max_workers = 1\n")
    write(root, "good", SIMPLE)
    yield from serve(root)


def write(root: Path, name: str, source: str, settings: str = "") -> None:
    folder = root / "functions" / name
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(_HEAD + source)
    (folder / "function.toml").write_text("verify_jwt = false\n" + settings)


def get(functions: Functions, path: str) -> httpx.Response:
    with functions.client() as client:
        client.timeout = httpx.Timeout(60)
        return client.get(path)


def pid_of(functions: Functions, slug: str) -> int:
    return get(functions, f"/{slug}").json()["pid"]


@pytest.mark.linux_only("elsewhere init adopts what left its group")
def test_a_daemon_that_left_its_session_ends_with_the_worker(hostile: Functions) -> None:
    answer = get(hostile, "/daemon").json()
    assert is_running(answer["daemon"])

    os.kill(answer["pid"], signal.SIGKILL)

    wait_gone(answer["daemon"], deadline=PATIENCE)


def test_a_blocked_event_loop_is_504_and_others_go_on(hostile: Functions) -> None:
    get(hostile, "/blocked")
    with ThreadPoolExecutor(1) as threads:
        blocked = threads.submit(get, hostile, "/blocked?seconds=4")
        others = [get(hostile, "/good").status_code for _ in range(20)]

    assert blocked.result().status_code == 504
    assert others == [200] * 20
    wait_for(lambda: get(hostile, "/blocked").status_code == 200)


def test_a_hundred_megabytes_of_log_lines_arrive_whole_and_in_order(hostile: Functions) -> None:
    with ThreadPoolExecutor(1) as threads:
        flood = threads.submit(get, hostile, "/flood")
        others = [get(hostile, "/good").status_code for _ in range(20)]
        assert flood.result().status_code == 200

    def lines() -> list[str]:
        return [e.text for e in hostile.events if isinstance(e, LogLine) and e.slug == "flood"]

    wait_for(lambda: len(lines()) >= 10_000)
    assert others == [200] * 20
    assert [int(text[:4]) for text in lines()] == list(range(10_000))
    assert {len(text) for text in lines()} == {10_000}


def test_a_worker_killed_while_it_boots_is_booted_again(hostile: Functions) -> None:
    parent = parent_of(pid_of(hostile, "good"))
    assert parent

    def newborn() -> list[int]:
        return [*children_of(parent) - before]

    before = children_of(parent)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(get, hostile, "/late")
        wait_for(lambda: bool(newborn()))
        os.kill(newborn()[0], signal.SIGKILL)
        status = first.result().status_code

    assert status in (200, 500, 503)
    wait_for(lambda: get(hostile, "/late").status_code == 200)


@pytest.mark.linux_only("elsewhere workers are not forked")
def test_the_zygote_killed_while_a_worker_boots_is_replaced(hostile: Functions) -> None:
    old = pid_of(hostile, "late")
    zygote = parent_of(old)
    assert zygote
    os.kill(old, signal.SIGKILL)
    wait_gone(old)
    with ThreadPoolExecutor(1) as threads:
        booting = threads.submit(get, hostile, "/late")
        os.kill(zygote, signal.SIGKILL)
        assert booting.result().status_code in (200, 500, 503)

    wait_for(lambda: get(hostile, "/late").status_code == 200)
    assert parent_of(pid_of(hostile, "late")) != zygote
    wait_gone(zygote)


def test_a_worker_killed_when_retired_fails_only_what_it_had(hostile: Functions) -> None:
    seen = len(hostile.events)
    with ThreadPoolExecutor(1) as threads:
        old = pid_of(hostile, "sleepy")
        held = threads.submit(get, hostile, "/sleepy?seconds=20")
        retired = hostile.wait_for(
            lambda e: (
                isinstance(e, WorkerRetired)
                and e.slug == "sleepy"
                and hostile.events.index(e) >= seen
            ),
            deadline=PATIENCE,
        )
        assert isinstance(retired, WorkerRetired)
        os.kill(old, signal.SIGKILL)
        assert pid_of(hostile, "sleepy") != old
        assert held.result().status_code in (500, 546)
    wait_gone(old)


def test_a_worker_killed_by_a_reload_storm_s_side_leaves_nothing(hostile: Functions) -> None:
    source = hostile.app.config.root / "functions/good/main.py"
    pids: set[int] = set()
    for number in range(15):
        source.write_text(f"{_HEAD}{SIMPLE}\n# {number}\n")
        pids.add(pid := pid_once_served(hostile, "good"))
        if number % 3 == 0:
            os.kill(pid, signal.SIGKILL)

    last = pid_once_served(hostile, "good")
    for pid in pids - {last}:
        wait_gone(pid, deadline=PATIENCE)


def pid_once_served(functions: Functions, slug: str) -> int:
    """A request may meet the killed worker, or a file that is only half written."""
    return wait_for(lambda: get(functions, f"/{slug}").json().get("pid"))


def test_eighty_functions_in_one_folder_are_each_served(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("many")
    for number in range(80):
        write(root, f"f{number}", f"async def main(_):\n    return {{'number': {number}}}\n")
    serving = serve(root, reload=False)
    many = next(serving)

    with many.client() as client, ThreadPoolExecutor(8) as threads:
        client.timeout = httpx.Timeout(60)
        answers = list(threads.map(lambda n: client.get(f"/f{n}").json()["number"], range(80)))

    assert answers == list(range(80))
    assert len({e.slug for e in many.events if isinstance(e, Boot)}) == 80
    next(serving, None)
    ended = [e for e in many.events if isinstance(e, Shutdown)]
    assert len(ended) == 80
