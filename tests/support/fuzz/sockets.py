"""Random frames on one socket, and another socket of the same channel that must notice nothing."""

import json
from collections.abc import Sequence
from typing import Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.waiting import PATIENCE

_SECONDS: Final = PATIENCE
_FAILED: Final = (1006, 1011)


class SocketFuzz:
    """A watcher in the channel `fuzz`, in either version of the protocol."""

    def __init__(self, url: str, key: str) -> None:
        self._address = f"ws{url.removeprefix('http')}/realtime/v1/websocket?apikey={key}&vsn="
        self._watchers = [self._open("1.0.0"), self._open("2.0.0")]
        self.sent = 0

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.close()

    def check(self, frames: Sequence[str | bytes]) -> None:
        """Send them after a join; raises AssertionError if anybody is closed or not answered."""
        self.sent += len(frames)
        socket = self._open("2.0.0")
        try:
            for frame in frames:
                socket.send(frame)
            _wait_answer(socket, "2.0.0")
        except ConnectionClosed as exc:
            code = exc.rcvd.code if exc.rcvd else 1006
            assert code not in _FAILED, (code, frames)
        finally:
            socket.close()
        for watcher, version in zip(self._watchers, ("1.0.0", "2.0.0"), strict=True):
            _wait_answer(watcher, version)

    def _open(self, version: str) -> ClientConnection:
        socket = connect(self._address + version, proxy=None, max_size=None)
        socket.send(_render(version, "realtime:fuzz", "phx_join", {"config": {}}))
        _wait_answer(socket, version)
        return socket


def _render(version: str, topic: str, event: str, payload: Any, ref: str = "1") -> str:
    if version == "2.0.0":
        return json.dumps([ref, ref, topic, event, payload])
    names = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": ref}
    return json.dumps(names)


def _wait_answer(socket: ClientConnection, version: str) -> None:
    """Read up to the answer to a heartbeat; every frame must be one that clients can read."""
    socket.send(_render(version, "phoenix", "heartbeat", {}, "beat"))
    while True:
        data = socket.recv(_SECONDS)
        if isinstance(data, bytes):
            _check_binary(data)
            continue
        message = json.loads(data, parse_constant=_refuse)
        ref = message[1] if version == "2.0.0" else message["ref"]
        topic = message[2] if version == "2.0.0" else message["topic"]
        if (topic, ref) == ("phoenix", "beat"):
            return


def _check_binary(data: bytes) -> None:
    """Raise for a broadcast that says to be JSON and is none."""
    assert data[0] == 4, data
    if data[4] == 1:
        json.loads(data[5 + sum(data[1:4]) :].decode() or "{}", parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise AssertionError(name)
