"""A WebSocket client of the realtime service that speaks Phoenix, version 2."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection

from edge.tokens import mint

SECRET = "a-secret-of-at-least-thirty-two-characters"
ANN = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
_SECONDS = 60.0


def user_token(user_id: str | None, **claims: Any) -> str:
    """Return a token of a signed-in user, or of role `anon`."""
    if user_id is None:
        return mint(SECRET, "anon", **claims)
    return mint(SECRET, "authenticated", sub=user_id, **claims)


@dataclass(slots=True)
class Client:
    """One socket; messages that were read while waiting for another are kept."""

    socket: ClientConnection
    _refs: Any = field(default_factory=itertools.count)
    _kept: list[list[Any]] = field(default_factory=list[list[Any]])

    async def send(self, topic: str, event: str, payload: Any, join_ref: str | None = None) -> str:
        ref = str(next(self._refs))
        await self.socket.send(json.dumps([join_ref or ref, ref, topic, event, payload]))
        return ref

    async def join(self, name: str, token: str | None = None, **config: Any) -> dict[str, Any]:
        """Join a channel; returns the reply's payload."""
        payload = {"config": config} | ({"access_token": token} if token else {})
        ref = await self.send(f"realtime:{name}", "phx_join", payload)
        return (await self.until(lambda message: message[1] == ref))[4]

    async def until(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """Return the first message that is wanted."""
        for index, message in enumerate(self._kept):
            if wanted(message):
                return self._kept.pop(index)
        async with asyncio.timeout(_SECONDS):
            while True:
                message = self._decode(await self.socket.recv())
                if wanted(message):
                    return message
                self._kept.append(message)

    async def event(self, name: str) -> Any:
        """Return the payload of the next message of this event."""
        return (await self.until(lambda message: message[3] == name))[4]

    async def nothing(self, name: str) -> bool:
        """Return whether no message of this event has come before a heartbeat's reply."""
        ref = await self.send("phoenix", "heartbeat", {})
        await self.until(lambda message: message[1] == ref)
        return all(message[3] != name for message in self._kept)

    def _decode(self, data: str | bytes) -> list[Any]:
        if isinstance(data, str):
            return json.loads(data)
        topic, event, meta = data[1], data[2], data[3]
        end = 5 + topic + event + meta
        body = data[end:]
        payload = {
            "event": data[5 + topic : 5 + topic + event].decode(),
            "payload": json.loads(body) if data[4] == 1 else body,
            "meta": json.loads(data[5 + topic + event : end] or b"{}"),
        }
        return [None, None, data[5 : 5 + topic].decode(), "broadcast", payload]
