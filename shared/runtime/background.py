"""Work that outlives its request, and word of the worker's end.

Under the edge runtime a line to the parent (EDGE_CONTROL_FD, one JSON object a line) keeps the
worker alive while such work is open, and brings notice of its end. Elsewhere the tasks run as long
as the platform lets the process live, and SIGTERM is the notice.
"""

import asyncio
import functools
import inspect
import json
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any, Final, Literal, get_args

from shared.env import current_env
from shared.http.deadline import forget_deadline
from shared.runtime.traceback import render_trace

Reason = Literal["cpu", "memory", "wall_clock", "early_drop", "termination"]
ShutdownCallback = Callable[[Reason], Awaitable[None] | None]

TASK_PREFIX: Final = "background:"
"""Tasks and threads of this name are waited for when the worker is asked to end."""
_CHUNK: Final = 65536
_REASONS: Final = get_args(Reason)
_LAST_REASONS: Final = frozenset({"early_drop", "termination"})


@dataclass(slots=True)
class Background:
    """A process' open background work and its shutdown callbacks; one event loop uses it."""

    control_fd: int | None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]], init=False)
    _callbacks: list[ShutdownCallback] = field(default_factory=list[ShutdownCallback], init=False)
    _announced: set[Reason] = field(default_factory=set[Reason], init=False)
    _rest: bytes = field(default=b"", init=False)
    _threads: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def wait_until(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` beyond the answer; an exception in it is logged, nothing more."""
        if not inspect.iscoroutine(work):
            raise TypeError(f"wait_until takes a coroutine, not {type(work).__name__}")
        self._run(work)
        self._report()

    def run_in_thread(self, work: Callable[[], Any]) -> None:
        """Run `work` in a thread beyond the answer; from any thread."""
        name = f"{TASK_PREFIX}{getattr(work, '__name__', 'work')}"
        self._count_thread(1)
        threading.Thread(target=self._work, args=(work,), name=name).start()

    def _work(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Exception as exc:  # it is not awaited elsewhere
            sys.stderr.write(f"Exception in background work\n{render_trace(exc)}")
        finally:
            self._count_thread(-1)

    def _count_thread(self, change: int) -> None:
        with self._lock:
            self._threads += change
        self._report()

    def on_shutdown(self, callback: ShutdownCallback) -> None:
        """Call it when the worker's end is near; the same callback counts once.

        Best a function of the module: a new one for each request would be kept for each request.
        """
        if not self._callbacks:
            self._listen()
        if callback not in self._callbacks:
            self._callbacks.append(callback)

    def announce(self, reason: Reason) -> None:
        """Run the callbacks, once for each reason."""
        if reason in self._announced:
            return
        self._announced.add(reason)
        for callback in self._callbacks:
            self._run(_call(callback, reason))
        self._report()

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        name = f"{TASK_PREFIX}{getattr(work, '__name__', 'work')}"
        task = asyncio.get_running_loop().create_task(_guarded(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._report()

    def _report(self) -> None:
        if self.control_fd is None:
            return
        with self._lock, suppress(OSError):
            count = len(self._tasks) + self._threads
            os.write(self.control_fd, json.dumps({"background": count}).encode() + b"\n")

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        if self.control_fd is not None:
            os.set_blocking(self.control_fd, False)
            loop.add_reader(self.control_fd, self._read)
        before = signal.getsignal(signal.SIGTERM)
        if not callable(before):
            return

        def terminate(number: int, frame: FrameType | None) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._end)
            before(number, frame)

        with suppress(ValueError):  # not in the main thread: the platform handles signals itself
            signal.signal(signal.SIGTERM, terminate)

    def _end(self) -> None:
        """SIGTERM came: by itself, or after a notice that says more and may still be unread."""
        if self.control_fd is not None:
            self._read()
        if not self._announced & _LAST_REASONS:
            self.announce("termination")

    def _read(self) -> None:
        assert self.control_fd is not None
        try:
            data = os.read(self.control_fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.control_fd)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reason = _read_notice(line)
            if reason is not None:
                self.announce(reason)


def _read_notice(line: bytes) -> Reason | None:
    try:
        reason: Any = json.loads(line)["shutdown"]
    except (ValueError, KeyError, TypeError):
        return None
    return reason if reason in _REASONS else None


async def _guarded(work: Coroutine[Any, Any, Any]) -> None:
    forget_deadline()
    try:
        await work
    except Exception as exc:  # it is not awaited elsewhere
        sys.stderr.write(f"Exception in background work\n{render_trace(exc)}")


async def _call(callback: ShutdownCallback, reason: Reason) -> None:
    result = callback(reason)
    if result is not None:
        await result


def wait_until(work: Coroutine[Any, Any, Any] | Callable[[], Any]) -> None:
    """Run `work` after the response, for a function without a Context: Flask-style or plain.

    A coroutine runs on the running event loop, or in a thread if there is none; a function without
    arguments runs in a thread. The worker lives until it ends or reaches its limits.
    """
    background = current_background(current_env().control_fd)
    if inspect.iscoroutine(work):
        if _has_loop():
            background.wait_until(work)
        else:
            background.run_in_thread(functools.partial(asyncio.run, work))
    elif callable(work) and not inspect.iscoroutinefunction(work):
        background.run_in_thread(work)
    else:
        raise TypeError(
            f"wait_until takes a coroutine or a function without arguments, not {work!r}"
        )


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@cache
def current_background(control_fd: int | None) -> Background:
    """Return the background work of this process."""
    return Background(control_fd)
