"""Workers that are started from nothing leave the event loop's threads to others."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.runtime.launch.launcher import WorkerSpec
from edge.runtime.launch.subprocess_launcher import SubprocessLauncher
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process
HERE = Path(__file__).parent


async def test_no_worker_takes_a_thread_of_the_event_loop(tmp_path: Path) -> None:
    """Files and databases wait for those, of which there are six on two cores."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    launcher = SubprocessLauncher(dict(os.environ))
    source = HERE / "functions/echo/main.py"
    spec = WorkerSpec(
        source=str(source),
        target="main",
        root=str(HERE),
        environment={"SUPABASE_FUNCTION_SLUG": "echo", "SB_EXECUTION_ID": "x"},
        uid=None,
        inspect_port=None,
        concurrency=1,
        socket_idle_timeout=60,
        reports_files=False,
        libraries=(),
    )
    ends: list[int] = []
    ours, theirs = socket.socketpair()
    null = os.open(os.devnull, os.O_WRONLY)
    with socket.socket(socket.AF_UNIX) as listener, ours, theirs:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        fds = [listener.fileno(), theirs.fileno(), null, null]
        await launcher.spawn(spec, fds, ends.append)
        await asyncio.sleep(0)  # it is waited for from here on
        assert await asyncio.wait_for(asyncio.to_thread(os.getpid), PATIENCE) == os.getpid()
        await launcher.close()
    os.close(null)

    assert ends == [-9]
