"""The processes that workers are forked from: modules imported once, no function, no secret.

There are two. The *base zygote*, started by the parent, imports what every worker needs and forks
workers from then on. The *library zygote*, a fork of it, imports one by one the libraries that some
function imports, and forks workers in between, so that no function waits for another's imports.

Laws: one thread; no function is imported; once it forks, no event loop and no socket but its own.
Messages are JSON on a SEQPACKET socket, with descriptors where a process is to be forked:

    {"import": [MODULE…]}                   → {"event": "imported", "module", "ok"} for each
    {"fork": "zygote"} + control            → {"event": "spawned", "pid"}
    {"fork": "worker", "spec": …} + 4 fds   → {"event": "spawned", "pid"}, when it ends "exited"
                                              with "status", or {"event": "refused", "reason"}
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
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final, NoReturn

from edge.light_imports import leave_out_command_lines
from edge.operating_system import adopt_orphans, children
from edge.runtime.launch.orphans import end_all, end_descendants
from edge.runtime.launch.prctl import die_with_parent, outlive_parent
from edge.runtime.launch.preload import BASE

MAX_MESSAGE: Final = 1 << 20
_MAX_FDS: Final = 4


def main() -> NoReturn:
    """Run the base zygote: `python -m edge.runtime.launch.zygote PARENT CONTROL_FD`."""
    die_with_parent(int(sys.argv[1]))
    control = socket.socket(fileno=int(sys.argv[2]))
    adopt_orphans()
    gc.disable()  # what is imported stays: to look at it again and again takes a quarter longer
    leave_out_command_lines()
    started = time.perf_counter()
    missing = [name for name in BASE if not _can_import(name)]
    from edge.runtime.launch.warm_up import serve_once  # not for the parent, which imports us too

    serve_once()
    zygote = _Zygote(control)
    zygote.freeze()
    zygote.send(event="ready", preload_ms=(time.perf_counter() - started) * 1000, missing=missing)
    outlive_parent()
    zygote.serve()
    end_descendants()
    os._exit(0)


def _can_import(name: str) -> bool:
    """Import a module; False if it, or what it imports, is not installed or fails to load."""
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):  # a broken package must not take the zygote down
        return False
    if name == "semantic_text_splitter":
        _load_vocabulary()
    return True


def _load_vocabulary() -> None:
    """Let the token splitter parse its vocabulary, which it keeps for the process and its forks."""
    from semantic_text_splitter import TextSplitter

    TextSplitter.from_tiktoken_model("text-embedding-3-small", 1)


@dataclass(slots=True)
class _Zygote:
    """Imports and forks on request, and reports deaths, until the control socket closes."""

    control: socket.socket
    _forked: set[int] = field(default_factory=set[int], init=False)
    _pending: deque[str] = field(default_factory=deque[str], init=False)
    _wake: tuple[int, int] = field(default=(-1, -1), init=False)
    _fillers: list[Any] = field(default_factory=list[Any], init=False)

    def serve(self) -> None:
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _ignore)  # the wake-up pipe reports it
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        while True:
            timeout = 0 if self._pending else None
            readable, _, _ = select.select([self.control, self._wake[0]], [], [], timeout)
            if self._wake[0] in readable:
                os.read(self._wake[0], 4096)
                self._reap()
            if self.control in readable:
                try:
                    message, fds, _, _ = socket.recv_fds(self.control, MAX_MESSAGE, _MAX_FDS)
                except ConnectionResetError:  # the parent died with our reports unread
                    return
                if not message:
                    return
                self._handle(json.loads(message), fds)
            elif self._pending:
                self._import_next()

    def freeze(self) -> None:
        """Make the pages cheap to share with what is forked from here on."""
        from edge.runtime.launch.warm_up import fill_gaps

        gc.collect()
        self._fillers += fill_gaps()
        gc.freeze()

    def send(self, **message: Any) -> None:
        try:
            self.control.send(json.dumps(message).encode())
        except OSError:
            end_descendants()
            os._exit(1)

    def _handle(self, message: dict[str, Any], fds: list[int]) -> None:
        if "import" in message:
            self._pending.extend(message["import"])
            return
        zygote = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            _close(fds)
            self.send(event="refused", reason=str(exc))
            return
        if pid == 0:
            self._become(message, fds, zygote)
        _close(fds)
        self._forked.add(pid)
        self.send(event="spawned", pid=pid)

    def _import_next(self) -> None:
        module = self._pending.popleft()
        ok = _can_import(module)
        if self._pending:
            gc.collect()
            gc.freeze()
        else:
            self.freeze()
        self.send(event="imported", module=module, ok=ok)

    def _reap(self) -> None:
        """Report the workers that ended, and end what they have left behind."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if pid in self._forked:
                    self._forked.remove(pid)
                    status = os.waitstatus_to_exitcode(status)
                    self.send(event="exited", pid=pid, status=status)
        end_all(children() - self._forked)

    def _become(self, message: dict[str, Any], fds: list[int], zygote: int) -> NoReturn:
        """Turn the fork into what was requested; never returns."""
        try:
            self._leave_parent()
            if message["fork"] == "zygote":
                _run_library_zygote(fds[0])
            else:
                _run_worker(message["spec"], fds, zygote)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def _leave_parent(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.setpgid(0, 0)
        self.control.close()
        _close(list(self._wake))


def _run_library_zygote(control: int) -> NoReturn:
    """Serve as a zygote that ends, with its workers, when its control socket closes."""
    adopt_orphans()
    _Zygote(socket.socket(fileno=control)).serve()
    end_descendants()
    os._exit(0)


def _run_worker(spec: dict[str, Any], fds: list[int], zygote: int) -> None:
    """Be a worker that owns `fds`: listening socket, control line, stdout, stderr."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (fds[2], 1), (fds[3], 2)):
        os.dup2(source, target)
        os.close(source)
    random.seed()
    gc.enable()
    worker = importlib.import_module("edge.runtime.worker.main")
    worker.run(spec, listener=fds[0], control=fds[1], parent=zygote)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: a handler must exist for the wake-up pipe to be written."""


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


if __name__ == "__main__":
    main()
