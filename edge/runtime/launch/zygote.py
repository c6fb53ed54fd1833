"""The process that workers are forked from: heavy modules imported once, no function, no secret.

Laws: one thread, no event loop, no socket but its own; it never imports a function.
It is told what to fork over a SEQPACKET socket and reports each start and each end on it.
"""

import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from types import FrameType
from typing import Any, Final, NoReturn

from edge.runtime.launch.orphans import children, end_all, end_descendants
from edge.runtime.launch.prctl import adopt_orphans, die_with_parent, outlive_parent
from edge.runtime.launch.preload import ALWAYS

MAX_MESSAGE: Final = 1 << 20
_MAX_FDS: Final = 4


def main() -> NoReturn:
    """Run as `python -m edge.runtime.launch.zygote PARENT FD [MODULE…]`.

    FD is our end of the control socket; the modules are imported besides what always is.
    """
    die_with_parent(int(sys.argv[1]))
    control = socket.socket(fileno=int(sys.argv[2]))
    adopt_orphans()
    started = time.perf_counter()
    missing = _preload(sys.argv[3:])
    _send(
        control,
        event="ready",
        preload_ms=(time.perf_counter() - started) * 1000,
        missing=missing,
    )
    outlive_parent()
    _serve(control)
    end_descendants()
    os._exit(0)


def _preload(extras: list[str]) -> list[str]:
    missing: list[str] = []
    for name in (*ALWAYS, *extras):
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if "semantic_text_splitter" in sys.modules:
        _load_vocabulary()
    gc.collect()
    gc.freeze()
    return missing


def _load_vocabulary() -> None:
    """Let the token splitter parse its vocabulary, which it keeps for the process and its forks."""
    from semantic_text_splitter import TextSplitter

    TextSplitter.from_tiktoken_model("text-embedding-3-small", 1)


def _serve(control: socket.socket) -> None:
    """Fork on request and report deaths, until the control socket closes."""
    workers: set[int] = set()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.signal(signal.SIGCHLD, _ignore)  # the wake-up pipe tells
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    while True:
        readable, _, _ = select.select([control, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            _reap(control, workers)
        if control in readable:
            message, fds, _, _ = socket.recv_fds(control, MAX_MESSAGE, _MAX_FDS)
            if not message:
                return
            keep_out = (control.fileno(), wake_read, wake_write)
            try:
                pid = _fork(json.loads(message), fds, keep_out=keep_out)
            except OSError as exc:
                _send(control, event="refused", reason=str(exc))
            else:
                workers.add(pid)
                _send(control, event="spawned", pid=pid)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: a handler must exist for the wake-up pipe to be written."""


def _reap(control: socket.socket, workers: set[int]) -> None:
    """Report the workers that ended, and end what they have left behind."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = ended
            if pid in workers:
                workers.remove(pid)
                _send(control, event="exited", pid=pid, status=os.waitstatus_to_exitcode(status))
    end_all(children() - workers)


def _send(control: socket.socket, **message: Any) -> None:
    try:
        control.send(json.dumps(message).encode())
    except OSError:
        end_descendants()
        os._exit(1)


def _fork(spec: dict[str, Any], fds: list[int], *, keep_out: tuple[int, ...]) -> int:
    """Fork a worker that owns `fds` (listening socket, control line, stdout, stderr); its pid."""
    zygote = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        _close(fds)
        raise
    if pid:
        _close(fds)
        return pid
    try:
        _become_worker(fds, keep_out)
        worker = importlib.import_module("edge.runtime.worker.main")
        worker.run(spec, listener=fds[0], control=fds[1], parent=zygote)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _become_worker(fds: list[int], keep_out: tuple[int, ...]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setpgid(0, 0)
    for fd in keep_out:
        os.close(fd)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (fds[2], 1), (fds[3], 2)):
        os.dup2(source, target)
        os.close(source)
    random.seed()
    gc.enable()


if __name__ == "__main__":
    main()
