"""A listener of one Realtime topic: joins, beats, and hands every frame on."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

_BEAT_SECONDS: Final = 20.0
_MAX_FRAME: Final = 4 << 20
_SENT_AT: Final = "sent_at_ms"


@dataclass(frozen=True, slots=True)
class Frame:
    """A message as it came; `latency_ms` where it says when it was made."""

    event: str
    topic: str
    payload: Any
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Topic:
    """What to join: `table` is schema.table for its changes, empty for none."""

    name: str
    private: bool = False
    table: str = ""

    def config(self) -> dict[str, Any]:
        """Return the join's configuration."""
        changes: list[dict[str, str]] = []
        if self.table:
            schema, _, table = self.table.rpartition(".")
            changes = [{"event": "*", "schema": schema or "public", "table": table}]
        return {
            "broadcast": {"self": True, "ack": False},
            "presence": {"key": "", "enabled": True},
            "postgres_changes": changes,
            "private": self.private,
        }


@dataclass(slots=True)
class Listener:
    """One socket; `on_frame` gets each frame, `on_end` why it ended."""

    url: str
    key: str
    token: str
    topic: Topic
    on_frame: Callable[[Frame], None]
    on_end: Callable[[str], None]
    _socket: ClientConnection | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _refs: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1), init=False)

    def start(self) -> None:
        """Connect and listen until `stop`."""
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def broadcast(self, event: str, payload: Mapping[str, Any]) -> None:
        """Send a broadcast; its way back is its latency."""
        body = {**payload, _SENT_AT: int(time.time() * 1000)}
        await self._send("broadcast", {"type": "broadcast", "event": event, "payload": body})

    async def _run(self) -> None:
        address = f"{self.url}?{urlencode({'apikey': self.key, 'vsn': '1.0.0'})}"
        try:
            async with connect(address, max_size=_MAX_FRAME, proxy=None) as socket:
                self._socket = socket
                join = {"config": self.topic.config(), "access_token": self.token or self.key}
                await self._send("phx_join", join)
                beats = asyncio.create_task(self._beat())
                try:
                    async for text in socket:
                        self._receive(text)
                finally:
                    beats.cancel()
            self.on_end("The server closed the connection.")
        except (OSError, WebSocketException) as exc:
            self.on_end(str(exc) or type(exc).__name__)
        finally:
            self._socket = None

    async def _send(self, event: str, payload: Mapping[str, Any], topic: str = "") -> None:
        if self._socket is None:
            return
        message = {
            "topic": topic or f"realtime:{self.topic.name}",
            "event": event,
            "payload": payload,
            "ref": str(next(self._refs)),
            "join_ref": "1",
        }
        with suppress(WebSocketException):
            await self._socket.send(json.dumps(message))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await self._send("heartbeat", {}, "phoenix")

    def _receive(self, text: str | bytes) -> None:
        if isinstance(text, bytes):
            return
        message = json.loads(text)
        if message.get("topic") == "phoenix":
            return
        payload = message.get("payload")
        frame = Frame(
            message.get("event", ""), message.get("topic", ""), payload, _latency(payload)
        )
        self.on_frame(frame)


def _latency(payload: Any) -> float | None:
    """Return the milliseconds since a change's commit, or since our own broadcast."""
    if not isinstance(payload, dict):
        return None
    data: Any = payload.get("data")
    if isinstance(data, dict) and isinstance(data.get("commit_timestamp"), str):
        with suppress(ValueError):
            at = datetime.fromisoformat(data["commit_timestamp"].replace("Z", "+00:00"))
            return max(0.0, time.time() * 1000 - at.timestamp() * 1000)
    inner: Any = payload.get("payload")
    sent = inner.get(_SENT_AT) if isinstance(inner, dict) else None
    return time.time() * 1000 - sent if isinstance(sent, int | float) else None
