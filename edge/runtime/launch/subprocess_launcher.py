"""Workers as processes started from nothing: where fork is not safe, slower, the same otherwise."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from edge.operating_system import resident_bytes, switch
from edge.runtime.launch.launcher import OnExit, WorkerSpec

_MOST_WAITED_FOR: Final = 10_000


@dataclass(slots=True)
class SubprocessLauncher:
    """Each worker imports for itself all that it needs.

    Their ends are waited for in threads of our own: the event loop's few do all other work.
    """

    environment: Mapping[str, str]
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_MOST_WAITED_FOR, "worker-end"), init=False
    )
    _waits: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)
    _processes: set[subprocess.Popen[bytes]] = field(
        default_factory=set[subprocess.Popen[bytes]], init=False
    )

    def baseline(self, pid: int) -> int:
        """What the interpreter with our modules takes: about as much as we do ourselves at first.

        Later we may be larger, but then no worker begins with more than it has.
        """
        return min(resident_bytes(os.getpid()), resident_bytes(pid))

    def start(self) -> None:
        """Nothing to get ready."""

    async def spawn(self, spec: WorkerSpec, fds: list[int], on_exit: OnExit) -> int:
        """Start the worker; its end is waited for in a thread."""
        listener, control, stdout, stderr = fds
        numbers = (listener, control, os.getpid())
        process = subprocess.Popen(  # noqa: ASYNC220 - it is started, not waited for
            [sys.executable, "-P", "-m", "edge.runtime.worker.main", *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[listener, control],
            env={**self.environment, **switch()},
            process_group=0,
        )
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(json.dumps(spec.as_dict()).encode())
        self._processes.add(process)
        waiting = asyncio.create_task(self._wait(process, on_exit))
        self._waits.add(waiting)
        waiting.add_done_callback(self._waits.discard)
        return process.pid

    async def close(self) -> None:
        """End whatever still runs."""
        for process in tuple(self._processes):
            process.kill()
        await asyncio.gather(*self._waits)
        self._threads.shutdown(wait=False)

    async def _wait(self, process: subprocess.Popen[bytes], on_exit: OnExit) -> None:
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(self._threads, process.wait)
        self._processes.discard(process)
        on_exit(status)
