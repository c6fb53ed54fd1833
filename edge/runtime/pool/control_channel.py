"""The line between a worker and its parent: a JSON object a line, both ways.

From the worker: {"ready": true}, {"error": traceback}, {"background": number of open tasks},
{"beat": whether requests are open}, {"files": paths by kind} (worker/loaded_files.py); also the
lines of a stack sample (worker/heartbeat.py).
To the worker: {"shutdown": reason}, a notice for the function's own callbacks. A function's code
reaches it through the descriptor that EDGE_CONTROL_FD names (see shared/runtime/background.py).
"""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

FD_VARIABLE: Final = "EDGE_CONTROL_FD"
_CHUNK: Final = 65536
_LAST_WORDS: Final = 16  # chunks: more than the socket holds
_LONGEST: Final = 1 << 20


@dataclass(slots=True)
class ControlChannel:
    """The parent's end: `on_message` gets each object, and None when the worker's end closes.

    `on_text` gets the lines that are no objects.
    """

    sock: socket.socket
    on_message: Callable[[dict[str, Any] | None], None]
    on_text: Callable[[str], None]
    _rest: bytearray = field(default_factory=bytearray, init=False)
    _is_open: bool = field(default=True, init=False)

    def start(self) -> None:
        self.sock.setblocking(False)
        asyncio.get_running_loop().add_reader(self.sock, self._read)

    def send(self, **message: Any) -> None:
        """Send a message to the worker; dropped if the worker does not read."""
        if self._is_open:
            with suppress(OSError):
                self.sock.send(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        """Take what has arrived, then let go; harmless when repeated.

        What a surviving child of the worker goes on saying is not listened to.
        """
        for _ in range(_LAST_WORDS):
            if not (self._is_open and self._read()):
                break
        self._close()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self.sock)
            self.sock.close()

    def _read(self) -> bool:
        try:
            data = self.sock.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest[:_LONGEST])
        for line in lines:
            self._deliver(line)
        if not data:
            self._close()
            self.on_message(None)
        return bool(data)

    def _deliver(self, line: bytes | bytearray) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self.on_text(line.decode(errors="replace"))
            return
        if isinstance(message, dict):
            self.on_message(message)  # pyright: ignore[reportUnknownArgumentType]
