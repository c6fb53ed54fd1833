"""What is asked of the operating system, in Linux's way and in the one that works elsewhere."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge import operating_system
from tests.support.waiting import wait_for

pytestmark = pytest.mark.process
GONE = 2**22 + 1  # larger than any pid


@pytest.fixture(params=["linux", "elsewhere"], autouse=True)
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_system, "IS_LINUX", request.param == "linux")


@contextmanager
def sleeper(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that waits, in that folder."""
    with subprocess.Popen(["sleep", "60"], cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_process_is_looked_at(tmp_path: Path) -> None:
    with sleeper(tmp_path) as process:
        pid = process.pid
        wait_for(lambda: operating_system.is_sleeping(pid))
        assert pid in operating_system.children()
        assert operating_system.processes_in(tmp_path.resolve(), "sleep") == {pid}
        assert operating_system.resident_bytes(pid) > 100_000
        assert not operating_system.is_stopped(pid)
        process.send_signal(signal.SIGSTOP)
        wait_for(lambda: operating_system.is_stopped(pid))
        assert not operating_system.is_ending(pid)
        process.kill()
        wait_for(lambda: operating_system.is_ending(pid))


def test_of_one_that_is_gone_nothing_is_known() -> None:
    assert operating_system.cpu_seconds(GONE) == 0
    assert operating_system.resident_bytes(GONE) == 0
    assert operating_system.is_stopped(GONE)
    assert operating_system.is_ending(GONE)
    assert not operating_system.is_sleeping(GONE)
    assert not operating_system.is_alive(GONE)


def test_our_own_use_is_counted() -> None:
    assert operating_system.cpu_seconds(os.getpid()) > 0


def test_what_nobody_uses_is_counted() -> None:
    idle = operating_system.idle_seconds()
    assert idle > 0
    assert operating_system.idle_seconds() >= idle
    assert operating_system.count_cpus() >= 1
    assert operating_system.peak_bytes() > operating_system.resident_bytes(os.getpid()) // 2


def test_the_machine_is_described() -> None:
    memory = operating_system.memory_folder()

    assert operating_system.processor_name()
    assert memory is None or memory.is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can become another account")
def test_an_account_is_taken_for_good() -> None:
    code = f"""
import os
from edge import operating_system as s
s._HAS_LINUX = {operating_system.IS_LINUX}
s.become_account(54321, 54322)
s.renounce_privileges(has_capabilities=True)()
try:
    os.setuid(0)
except PermissionError:
    print(os.getresuid(), os.getresgid(), os.getgroups())
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert printed.stdout.split("\n")[0] == "(54321, 54321, 54321) (54322, 54322, 54322) []"


def test_an_anonymous_file_is_written_and_read() -> None:
    descriptor = operating_system.open_anonymous_file("lock")
    try:
        os.write(descriptor, b"text")
        assert os.pread(descriptor, 10, 0) == b"text"
    finally:
        os.close(descriptor)


def test_a_blocked_signal_is_taken_once() -> None:
    signals = (signal.SIGUSR1, signal.SIGUSR2)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        assert operating_system.wait_for_signal(signals, 0.01) is None
        signal.raise_signal(signal.SIGUSR1)
        assert operating_system.wait_for_signal(signals, 10) == signal.SIGUSR1
        assert operating_system.wait_for_signal(signals, 0.01) is None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_the_switch_is_passed_on() -> None:
    code = "from edge import operating_system as s; print(s.IS_LINUX, dict(s.switch()))"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EDGE_PORTABLE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert printed.stdout.strip() == "False {'EDGE_PORTABLE': '1'}"
