"""Many WebSocket clients in one thread, which read bytes and look into them afterwards.

A client that decodes, or wakes a task for each frame, would take more of the two cores than the
server that is measured. When bytes came is what the kernel says: real clients do not wait for one
another to be read.
"""

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final
from urllib.parse import urlsplit

from edge.operating_system import timestamp_option

_TIMESTAMP: Final = timestamp_option()
_TIMESPEC: Final = struct.Struct("qq")


@dataclass(slots=True)
class Client:
    """One connection; `chunks` are what was read, each with its time."""

    connection: socket.socket
    chunks: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    received: int = 0

    @classmethod
    def open(cls, url: str, key: str) -> "Client":
        parts = urlsplit(url)
        connection = socket.create_connection((parts.hostname, parts.port or 80))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if _TIMESTAMP:
            connection.setsockopt(socket.SOL_SOCKET, _TIMESTAMP, 1)
        nonce = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /realtime/v1/websocket?apikey={key}&vsn=2.0.0 HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert b" 101 " in head, head
        return cls(connection)

    def send(self, message: Any) -> None:
        self.connection.sendall(frame(message))

    def join(self, name: str, **config: Any) -> None:
        """Join a channel, and read up to the answer."""
        wanted = b"Subscribed" if "postgres_changes" in config else b"presence_state"
        self.send(["1", "1", f"realtime:{name}", "phx_join", {"config": config}])
        data = b""
        while wanted not in data:
            data += self.connection.recv(65536)

    def messages(self) -> Iterable[tuple[float, bytes]]:
        """Yield the messages that were read, each with the time at which it was complete."""
        data = b""
        for moment, chunk in self.chunks:
            data += chunk
            while (end := _frame_end(data)) is not None:
                yield moment, data[end[0] : end[1]]
                data = data[end[1] :]


def frame(message: Any) -> bytes:
    """Return a text frame with a mask of zeros, which leaves the bytes as they are."""
    data = json.dumps(message).encode()
    size = len(data)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2)
    return head + b"\0\0\0\0" + data


def _frame_end(data: bytes) -> tuple[int, int] | None:
    """Return where the payload of the first frame begins and ends; None if it is not complete."""
    if len(data) < 2:
        return None
    start, size = 2, data[1]
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start])
    return (start, start + size) if len(data) >= max(start, start + size) else None


def read_all(clients: Iterable[Client], is_done: Callable[[], bool], seconds: float) -> None:
    """Read what comes until it is enough. Raises TimeoutError after `seconds`."""
    ends_at = time.monotonic() + seconds
    with DefaultSelector() as selector:
        for client in clients:
            selector.register(client.connection, EVENT_READ, client)
        while not is_done():
            if time.monotonic() > ends_at:
                raise TimeoutError("not everything has come")
            for key, _ in selector.select(0.05):
                client: Client = key.data
                moment, data = _receive(client.connection)
                client.chunks.append((moment, data))
                client.received += len(data)


def _receive(connection: socket.socket) -> tuple[float, bytes]:
    """Return what has come, with the time at which the kernel received its last bytes."""
    data, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_SPACE(_TIMESPEC.size))
    for _, kind, value in ancillary:
        if kind == _TIMESTAMP:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            return seconds + nanoseconds / 1e9, data
    return time.time(), data
