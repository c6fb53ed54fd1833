"""The processes of edge.toml in a running stack: started last, and their paths of the gateway."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from edge.events import Observer
from edge.project.extensions import ProcessEntry
from edge.project.settings import Settings
from edge.project.worker_environment import build_process_environment
from edge.project_processes.paths import ProcessPaths

if TYPE_CHECKING:
    from edge.project_processes.supervisor import Supervisor


@dataclass(slots=True)
class ProcessesMount:
    """`settings` has the ports that were found; `observe` is given what the processes write."""

    settings: Settings
    observe: Observer
    paths: dict[str, ProcessPaths] = field(default_factory=dict[str, ProcessPaths], init=False)
    """The apps by path, the longer paths first."""
    _supervisor: "Supervisor | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        found: list[tuple[str, ProcessPaths]] = []
        for entry in self.settings.extensions.processes:
            app = ProcessPaths(entry.name, partial(self._find_port, entry.name))
            found += [(path, app) for path in entry.paths]
        self.paths = dict(sorted(found, key=lambda each: -len(each[0])))

    def start(self, on_change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Start the processes in the background; see Supervisor."""
        entries = self.settings.extensions.processes
        if not entries:
            return
        from edge.project_processes.supervisor import Supervisor

        self._supervisor = Supervisor(
            self.settings.root, entries, self._environment, self.observe, on_change
        )
        self._supervisor.start_all()

    async def close(self) -> None:
        """Stop the processes, in reverse order."""
        for app in self.paths.values():
            await app.close()
        if self._supervisor:
            await self._supervisor.close()

    def _environment(self, entry: ProcessEntry) -> dict[str, str]:
        return build_process_environment(self.settings.with_current_secrets(), entry)

    def _find_port(self, name: str) -> int | None:
        processes = self._supervisor.describe() if self._supervisor else []
        return next((each["port"] for each in processes if each["name"] == name), None)
