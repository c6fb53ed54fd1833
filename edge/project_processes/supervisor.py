"""Supervisor of the project's processes: starts in the order of edge.toml, stops in reverse."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.events import Observer
from edge.project.extensions import ProcessEntry
from edge.project_processes.process import ProjectProcess, Timing


@dataclass(slots=True)
class Supervisor:
    """Runs `entries` in `root`; a process that fails never stops the stack.

    `environment` returns the variables of a process; `on_change` is called with `describe()` after
    each change.
    """

    root: Path
    entries: Sequence[ProcessEntry]
    environment: Callable[[ProcessEntry], Mapping[str, str]]
    observe: Observer
    on_change: Callable[[list[dict[str, Any]]], None]
    timing: Timing = field(default_factory=Timing)
    _processes: list[ProjectProcess] = field(default_factory=list[ProjectProcess], init=False)

    def start_all(self) -> None:
        """Start all in the background; see `start`."""
        self._processes = [
            ProjectProcess(
                entry, self.root, self.environment, self.observe, self._report, self.timing
            )
            for entry in self.entries
        ]
        for process in self._processes:
            process.start()

    async def start(self) -> None:
        """Start all and wait until each is ready or has failed once."""
        self.start_all()
        await asyncio.gather(*(process.wait_settled() for process in self._processes))

    async def close(self) -> None:
        """Stop them one by one, in reverse order."""
        while self._processes:
            await self._processes[-1].stop()
            self._processes.pop()

    def describe(self) -> list[dict[str, Any]]:
        """Return for each process: name, state, pid or None, port or None, restarts."""
        return [
            {
                "name": process.entry.name,
                "state": process.state.value,
                "pid": process.pid,
                "port": process.port,
                "restarts": process.restarts,
            }
            for process in self._processes
        ]

    def _report(self) -> None:
        self.on_change(self.describe())
