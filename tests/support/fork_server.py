"""Forks Python programs from a process that has imported their packages once.

A function's libraries take seconds to import; a test that starts its process many times pays once.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_PROGRAM: Final = """
import contextlib, gc, importlib, json, os, random, signal, sys

gc.disable()
forked = set()

def become(order):
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = order["argv"]
    random.seed()
    gc.enable()
    exec(compile(order["program"], "<program>", "exec"), {"__name__": "__main__"})

for line in sys.stdin:
    order = json.loads(line)
    if "program" in order:
        answer = os.fork()
        if not answer:
            status = 1
            try:
                become(order)
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                with contextlib.suppress(Exception):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(status)
        forked.add(answer)
    elif "import" in order:
        answer = 0
        for name in order["import"]:
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(name)
        gc.collect()
        gc.freeze()
    else:
        answer, _ = os.waitpid(order["pid"], order["options"])
        forked.discard(answer)
    print(json.dumps(answer), flush=True)
for pid in forked:
    os.kill(pid, signal.SIGKILL)
"""


@dataclass(slots=True)
class ForkedProcess:
    """A fork, with what tests use of subprocess.Popen."""

    pid: int
    _server: "ForkServer"
    _ended: bool = False

    def poll(self) -> bool:
        """Whether it has ended."""
        self._ended = self._ended or self._server.wait(self.pid, os.WNOHANG)
        return self._ended

    def send_signal(self, number: int) -> None:
        if not self._ended:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self) -> None:
        self._ended = self._ended or self._server.wait(self.pid)


class ForkServer:
    """A process of `python` that imports modules and forks programs in between."""

    def __init__(self, python: Path, folder: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [str(python), "-c", _PROGRAM],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._imported = set[str]()

    def preload(self, modules: Iterable[str]) -> None:
        """Import modules for the forks that follow; those that cannot be imported are left out."""
        new = [name for name in modules if name not in self._imported]
        self._imported.update(new)
        if new:
            self._order(**{"import": new})

    def fork(
        self,
        program: str,
        *argv: str,
        folder: Path,
        environ: Mapping[str, str],
        output: Path,
    ) -> ForkedProcess:
        """Run a program's text in a fork, in `folder`, with these variables alone."""
        pid = self._order(
            program=program,
            argv=argv,
            folder=str(folder),
            environ=dict(environ),
            output=str(output),
        )
        return ForkedProcess(pid, self)

    def wait(self, pid: int, options: int = 0) -> bool:
        """Wait for a fork; with os.WNOHANG return at once whether it has ended."""
        return self._order(pid=pid, options=options) != 0

    def close(self) -> None:
        """End it and its forks."""
        self._process.communicate()

    def _order(self, **order: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
