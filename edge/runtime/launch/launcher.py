"""How a worker's process comes to be: what every launcher promises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

OnExit = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker needs to become a function's process.

    `uid` is the account that it gives up root for; at `inspect_port` it waits for a debugger.
    `concurrency` requests run at a time in threads, if the function is none of async code; a
    WebSocket is closed after `socket_idle_timeout` seconds without a message.
    `reports_files`: it reports the files that it loads, for the reload.
    `libraries` are those of preload.LIBRARIES that the function imports.
    """

    source: str
    target: str
    root: str
    environment: Mapping[str, str]
    uid: int | None = None
    inspect_port: int | None = None
    concurrency: int = 20
    socket_idle_timeout: float = 150.0
    reports_files: bool = False
    libraries: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that the worker reads, as JSON values."""
        return {
            "source": self.source,
            "target": self.target,
            "root": self.root,
            "environment": dict(self.environment),
            "uid": self.uid,
            "inspect_port": self.inspect_port,
            "concurrency": self.concurrency,
            "socket_idle_timeout": self.socket_idle_timeout,
            "reports_files": self.reports_files,
        }


class Launcher(Protocol):
    """Starts workers. `fds` are theirs to own: listening socket, control line, stdout, stderr."""

    def baseline(self, pid: int) -> int:
        """Bytes of memory that a worker which has just booted has by no doing of its own."""
        ...

    def start(self) -> None:
        """Get ready; from the main thread."""
        ...

    async def spawn(self, spec: WorkerSpec, fds: list[int], on_exit: OnExit) -> int:
        """Start a worker; its pid. `on_exit` is given its exit status later."""
        ...

    async def close(self) -> None:
        """End, with all that was started."""
        ...
