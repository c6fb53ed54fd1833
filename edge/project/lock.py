"""One stack a project: who holds it, where it listens; a lock left by a killed run is void."""

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.errors import EdgeError

_TRIES = 10
_PAUSE = 0.02


def _try_lock(fd: int) -> bool:
    """Try to lock the file; a process that only inspects it holds it for a moment."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


@dataclass(slots=True)
class Lock:
    """The project's lock file: held by the kernel for as long as its holder lives."""

    path: Path
    _fd: int | None = field(default=None, init=False)

    def acquire(self) -> None:
        """Take the lock, or say who has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)  # logs may hold what a function's caller sent
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(fd):
            os.close(fd)
            holder = self.read()
            raise EdgeError(
                f"This project's stack already runs at {holder.get('API_URL', 'some other port')}"
                f" (process {holder.get('PID', 'unknown')}).",
                cure="Use it, or stop it first: edge stop",
            )
        self._fd = fd
        self.write({"PID": str(os.getpid())})

    def write(self, details: dict[str, str]) -> None:
        """Publish the details of the running stack."""
        assert self._fd is not None, "acquire() comes first"
        content = json.dumps(details).encode()
        os.pwrite(self._fd, content, 0)
        os.ftruncate(self._fd, len(content))

    def release(self) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def read(self) -> dict[str, Any]:
        """Return what the holder wrote, or an empty string."""
        with suppress(OSError, ValueError):
            return json.loads(self.path.read_text())
        return {}

    def holder(self) -> dict[str, Any] | None:
        """Return the running stack's details; None when none runs."""
        try:
            fd = os.open(self.path, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self.read()
        finally:
            os.close(fd)
        return None

    def stop_holder(self, deadline: float = 30.0) -> bool:
        """End the running stack and wait for its end; False when none ran."""
        holder = self.holder()
        if holder is None or "PID" not in holder:
            return False
        os.kill(int(holder["PID"]), signal.SIGTERM)
        end = time.monotonic() + deadline
        while self.holder() is not None:
            if time.monotonic() > end:
                raise EdgeError(
                    f"Process {holder['PID']} does not end.", cure=f"kill -9 {holder['PID']}"
                )
            time.sleep(0.02)
        return True
