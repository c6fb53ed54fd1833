"""How a worker's process comes to be: what every launcher promises."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

OnExit = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker needs to know to become a function's process.

    With `uid` it gives up root for that account; with `inspect_port` a debugger is waited for.
    """

    source: str
    target: str
    root: str
    environment: Mapping[str, str]
    uid: int | None = None
    inspect_port: int | None = None

    def encode(self) -> bytes:
        return json.dumps(asdict(self) | {"environment": dict(self.environment)}).encode()


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
