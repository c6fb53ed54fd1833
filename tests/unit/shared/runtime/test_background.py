"""Background work is counted and outlives failures; the worker's end is announced."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.runtime.background import (
    TASK_PREFIX,
    Background,
    Reason,
    current_background,
    wait_until,
)
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE


class Line:
    """The parent's end of the line to a worker."""

    def __init__(self) -> None:
        self.parent, worker = socket.socketpair()
        self.worker_fd = worker.detach()

    def counts(self) -> list[int]:
        """What has been reported since last asked."""
        try:
            said = self.parent.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        return [json.loads(line)["background"] for line in said.splitlines()]

    def say(self, text: str) -> None:
        self.parent.sendall(text.encode())

    def close(self) -> None:
        self.parent.close()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    before = signal.getsignal(signal.SIGTERM)
    line = Line()
    yield line
    asyncio.get_running_loop().remove_reader(line.worker_fd)
    signal.signal(signal.SIGTERM, before)
    line.close()
    os.close(line.worker_fd)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0.005)


async def test_open_work_is_counted_up_and_down(line: Line) -> None:
    background = Background(line.worker_fd)
    gate = asyncio.Event()

    async def work() -> None:
        await gate.wait()

    background.wait_until(work())
    background.wait_until(work())
    assert line.counts() == [1, 2]
    gate.set()
    await settle()

    assert line.counts() == [1, 0]


async def test_the_runtime_knows_the_tasks_by_their_names() -> None:
    async def work() -> None:
        await asyncio.sleep(1)

    Background(None).wait_until(work())

    await settle()
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(TASK_PREFIX)]
    assert len(tasks) == 1
    tasks[0].cancel()


async def test_a_failure_is_logged_and_counted_as_an_end(
    line: Line, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        raise LookupError("it went wrong")

    Background(line.worker_fd).wait_until(work())
    await settle()

    assert line.counts() == [1, 0]
    logged = capfd.readouterr().err
    assert "LookupError: it went wrong" in logged
    assert "in work" in logged


async def test_cancelled_work_is_counted_as_an_end(line: Line) -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    Background(line.worker_fd).wait_until(work())
    await asyncio.sleep(0)
    for task in asyncio.all_tasks():
        if task.get_name().startswith(TASK_PREFIX):
            task.cancel()
    await settle()

    assert line.counts() == [1, 0]


@pytest.mark.parametrize("work", [None, print, asyncio.sleep])
async def test_only_a_coroutine_can_be_waited_for(work: Any) -> None:
    with pytest.raises(TypeError, match="coroutine"):
        Background(None).wait_until(work)


async def test_a_parent_that_is_gone_is_no_failure(line: Line) -> None:
    background = Background(line.worker_fd)
    done: list[int] = []
    background.on_shutdown(lambda _: None)
    line.close()
    await settle()

    async def work() -> None:
        done.append(1)

    background.wait_until(work())
    await settle()

    assert done == [1]


async def test_each_callback_hears_each_reason_once(line: Line) -> None:
    heard: list[tuple[str, Reason]] = []

    def plain(reason: Reason) -> None:
        heard.append(("plain", reason))

    async def asynchronous(reason: Reason) -> None:
        await asyncio.sleep(0)
        heard.append(("async", reason))

    background = Background(line.worker_fd)
    for callback in (plain, asynchronous, plain):
        background.on_shutdown(callback)
    line.say('{"shutdown": "memory"}\n{"shutdown": "memory"}\n{"shutdown": "wall_clock"}\n')
    await settle()

    assert sorted(heard) == [
        ("async", "memory"),
        ("async", "wall_clock"),
        ("plain", "memory"),
        ("plain", "wall_clock"),
    ]


async def test_callbacks_count_as_open_work(line: Line) -> None:
    gate = asyncio.Event()

    async def callback(_reason: Reason) -> None:
        await gate.wait()

    Background(line.worker_fd).on_shutdown(callback)
    line.say('{"shutdown": "early_drop"}\n')
    await settle()
    assert line.counts() == [1]
    gate.set()
    await settle()

    assert line.counts() == [0]


async def test_a_callback_that_fails_does_not_silence_the_others(
    line: Line, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[Reason] = []

    def fail(_reason: Reason) -> None:
        raise RuntimeError("no")

    background = Background(line.worker_fd)
    background.on_shutdown(fail)
    background.on_shutdown(heard.append)
    line.say('{"shutdown": "cpu"}\n')
    await settle()

    assert heard == ["cpu"]
    assert "RuntimeError: no" in capfd.readouterr().err


async def test_a_notice_may_come_in_pieces_and_among_nonsense(line: Line) -> None:
    heard: list[Reason] = []
    Background(line.worker_fd).on_shutdown(heard.append)

    for piece in (
        'no json\n[]\n{"shutdown": ["cpu"]}\n{"shutdown": "x"}\n{"shut',
        'down": "cpu"}\n',
    ):
        line.say(piece)
        await settle()

    assert heard == ["cpu"]


async def test_a_wake_up_without_a_word_does_not_end_the_line(line: Line) -> None:
    heard: list[Reason] = []
    background = Background(line.worker_fd)
    background.on_shutdown(heard.append)
    background._read()  # pyright: ignore[reportPrivateUsage] - as after a spurious wake-up

    line.say('{"shutdown": "cpu"}\n')
    await settle()

    assert heard == ["cpu"]


def test_a_process_has_one() -> None:
    assert current_background(None) is current_background(None)


_WORKER = """
import asyncio, signal, socket, sys
from shared.runtime.background import (
    TASK_PREFIX,
    Background,
    Reason,
    current_background,
    wait_until,
)

async def main():
    control = int(sys.argv[1]) if len(sys.argv) > 1 else None
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def before(number, frame):
        print("server", flush=True)
        loop.call_soon_threadsafe(ended.set)

    signal.signal(signal.SIGTERM, before)
    background = Background(control)
    background.on_shutdown(lambda reason: print(reason, flush=True))
    print("ready", flush=True)
    await ended.wait()
    await asyncio.sleep(0.05)

asyncio.run(main())
"""


def terminated_worker(notice: bytes | None) -> list[str]:
    """What a worker prints that gets SIGTERM, perhaps just after a notice on its line."""
    parent, worker = socket.socketpair()
    arguments = [] if notice is None else [str(worker.fileno())]
    with parent, worker:
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[worker.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        parent.sendall(notice or b"")
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0
    return sorted(told.split())


@pytest.mark.process
@pytest.mark.parametrize(
    ("notice", "reason"),
    [
        (None, "termination"),
        (b"", "termination"),
        (b'{"shutdown": "early_drop"}\n', "early_drop"),
        (b'{"shutdown": "termination"}\n', "termination"),
    ],
)
def test_sigterm_is_announced_once_and_left_to_the_server(
    notice: bytes | None, reason: str
) -> None:
    assert terminated_worker(notice) == sorted([reason, "server"])


@pytest.mark.process
def test_a_limit_that_was_near_does_not_hide_the_end() -> None:
    told = terminated_worker(b'{"shutdown": "cpu"}\n')

    assert told == ["cpu", "server", "termination"]


def test_work_in_a_thread_is_counted(line: Line) -> None:
    background, gate = Background(line.worker_fd), threading.Event()

    background.run_in_thread(gate.wait)
    assert line.counts() == [1]
    gate.set()
    for thread in threading.enumerate():
        if thread.name.startswith(TASK_PREFIX):
            thread.join()

    assert line.counts() == [0]


@pytest.mark.parametrize("work", [None, 3, asyncio.sleep])
def test_what_cannot_be_run_later_is_refused(work: Any) -> None:
    with pytest.raises(TypeError, match="a coroutine or a function without arguments"):
        wait_until(work)
