"""The `edge` command as a process, forked from one that has imported what commands import.

A process of `python -m edge` imports for a second before it does anything; a test that runs many of
them pays once. The forks are children of the test's process, in an environment, folder and files of
their own; they run and end as any process of Python. How a command begins is tested without this
in tests/e2e: test_cli_wheel.py, test_cli_terminal.py and test_demo_stack.py.
"""

import atexit
import ctypes
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
from functools import cache
from typing import Any, Final

from tests.support.paths import ROOT

_LONGEST: Final = 1 << 17
_PR_SET_CHILD_SUBREAPER: Final = 36
_one_at_a_time = threading.Lock()
_PROGRAM: Final = """
import gc, importlib, json, os, pkgutil, runpy, signal, socket, sys, time

def load():
    import edge, edge.cli.app, rich.markdown, rich.traceback, typer.rich_utils
    for module in pkgutil.walk_packages(edge.__path__, "edge."):
        if not module.name.endswith("__main__") and module.name != "edge.pytest_plugin":
            importlib.import_module(module.name)
    # They look at the terminal and the environment when they are imported.
    for name in [*sys.modules]:
        if name.startswith(("edge.cli", "typer.rich_utils")):
            del sys.modules[name]

def receive(server):
    while True:
        message, files, *_ = socket.recv_fds(server, 1 << 17, 3)
        if not message:
            os._exit(0)
        between = os.fork()
        if not between:
            between = os.getpid()
            child = os.fork()
            if child:
                server.send(str(child).encode())
                os._exit(0)
            while os.getppid() == between:
                time.sleep(0.0005)
            server.close()
            return json.loads(message), files
        os.waitpid(between, 0)
        server.send(b"adopted")
        for file in files:
            os.close(file)

def become(order, files):
    if order["new_session"]:
        os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.stdin = open(0, encoding=sys.stdin.encoding, errors=sys.stdin.errors, closefd=False)
    for number, name in enumerate(("stdout", "stderr"), 1):
        was = getattr(sys, name)
        stream = open(number, "w", encoding=was.encoding, errors=was.errors, closefd=False)
        stream.reconfigure(line_buffering=stream.isatty() or name == "stderr")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path[0] = order["folder"]
    sys.argv[1:] = order["argv"]

gc.disable()
load()
gc.collect()
gc.freeze()
gc.enable()
become(*receive(socket.socket(fileno=int(sys.argv[1]))))
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("edge", run_name="__main__", alter_sys=True)
"""


class EdgeProcess(subprocess.Popen[Any]):
    """A Popen of `edge` with the given arguments; of its options, those that tests use."""

    def _execute_child(self, *given: Any) -> None:
        bound = inspect.signature(super()._execute_child).bind(*given)  # type: ignore[misc]
        options = bound.arguments
        if not sys.platform.startswith("linux"):  # it has no way to adopt the forks
            options["args"] = [sys.executable, "-m", "edge", *options["args"]]
            super()._execute_child(*bound.args)  # type: ignore[misc]
            return
        assert not options["preexec_fn"], "the process is not forked from this one"
        files = [options[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        order = {
            "argv": [str(argument) for argument in options["args"]],
            "folder": str(options["cwd"] or os.getcwd()),
            "environ": dict(os.environ if options["env"] is None else options["env"]),
            "new_session": bool(options["start_new_session"]),
        }
        self.pid = _fork(order, [i if file == -1 else file for i, file in enumerate(files)])
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(options[name] for name in pipes))  # type: ignore[attr-defined]


def _fork(order: dict[str, Any], files: list[int]) -> int:
    """Return the pid of a new child of ours."""
    message = json.dumps(order).encode()
    assert len(message) < _LONGEST
    with _one_at_a_time:
        server = _server(order["environ"].get("EDGE_PORTABLE", ""))
        _adopt_orphans(True)
        try:
            socket.send_fds(server, [message], files)
            pid = int(server.recv(_LONGEST))
            assert server.recv(_LONGEST) == b"adopted"
        finally:
            _adopt_orphans(False)
    return pid


@cache
def _server(is_portable: str) -> socket.socket:
    """Return the connection to the process that forks, which ends when it is closed.

    Modules look at EDGE_PORTABLE when they are imported: a value has a process of its own.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), "EDGE_PORTABLE": is_portable},
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _adopt_orphans(adopts: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)
