"""A stack whose recording is switched on by SIGUSR1 and off by SIGUSR2, while it serves.

Two stacks differ by several percent in what a request costs, though they do the same: by where
their memory lies, and by how many workers they have. One that is switched is its own measure.
"""

import argparse
import asyncio
import mmap
import os
import signal
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.project.settings import load_settings
from edge.recording.recorder import Recorder
from edge.stack import Stack

# What is switched is the stack's own.
# pyright: reportPrivateUsage=false


SERVED: Final = "served"
"""A file of the project's folder: how many requests were served, and the nanoseconds of CPU time
that the recording's thread has had, as two numbers of 8 bytes in native order."""


@dataclass(slots=True)
class Count:
    """A number in memory that other processes map as well."""

    file: Path
    value: int = 0
    clock: int = 0
    """Of the recording's thread."""
    _memory: mmap.mmap = field(init=False)

    def __post_init__(self) -> None:
        self.file.write_bytes(bytes(16))
        with self.file.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)

    def add(self) -> None:
        self.value += 1
        cpu = time.clock_gettime_ns(self.clock) if self.clock else 0
        struct.pack_into("=qq", self._memory, 0, self.value, cpu)


@dataclass(slots=True)
class Switch:
    """Passes requests on to the app that is recorded, or to the same app as it is without."""

    recorded: ASGIApp
    plain: ASGIApp
    count: Count
    is_on: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.recorded if self.is_on else self.plain)(scope, receive, send)
        self.count.add()


class SwitchedStack(Stack):
    """Records, or has all of its parts as if `[recording]` were not enabled."""

    def prepare(self) -> None:
        self.count = Count(self.settings.root / SERVED)
        self.switches: list[Switch] = []
        self.recorder: Recorder | None = None

    def _recorded(self, app: ASGIApp, kind: str, prefix: str) -> ASGIApp:
        self.switches.append(Switch(super()._recorded(app, kind, prefix), app, self.count))
        return self.switches[-1]

    def turn(self, *, on: bool) -> None:
        """Switch; what it may record at once is used up."""
        self.recorder = self.recorder or self._recorder
        assert self.recorder is not None
        thread = self.recorder._queue._thread
        assert thread is not None
        assert thread.ident is not None
        self.count.clock = time.pthread_getcpuclockid(thread.ident)
        self._recorder = self.recorder if on else None
        self.recorder._budget._left, self.recorder._budget._at = 0.0, time.monotonic()
        for each in self.switches:
            each.is_on = on


async def serve(folder: Path, port: int, db_port: int) -> None:
    """Serve until SIGTERM."""
    variables = {"PATH": os.environ["PATH"]}
    settings = load_settings(folder, port=port, db_port=db_port, environ=variables)
    stack = SwitchedStack(settings, lambda _: None, reload=False)
    stack.prepare()
    await stack.start()
    loop, is_stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, is_stopped.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: stack.turn(on=True))
    loop.add_signal_handler(signal.SIGUSR2, lambda: stack.turn(on=False))
    await is_stopped.wait()
    stack.turn(on=True)
    await stack.close()


def main() -> None:
    """Serve the project in FOLDER."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("db_port", type=int)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options.folder.resolve(), options.port, options.db_port))


if __name__ == "__main__":
    main()
