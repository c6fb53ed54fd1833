"""Acknowledgements: an output that has ended is sent again to a client that has not taken it."""

import asyncio
from typing import Any, Final, cast

import socketio

from backend.chat.messages import TERMINAL

_ATTEMPTS: Final = 3
_SECONDS: Final = 5.0


class AcknowledgingManager(socketio.AsyncManager):
    """Delivers to the clients of this instance, whichever instance has sent.

    Those in `acknowledging` are sent each output that has ended up to three times, until they
    acknowledge it. One that does not is disconnected: it comes back and recovers.
    `unacknowledged` counts those.
    """

    def __init__(self) -> None:
        super().__init__()
        self.acknowledging: set[str] = set()
        self.unacknowledged = 0
        self._deliveries: set[asyncio.Task[None]] = set()

    async def emit(self, event: str, data: Any, namespace: str, **options: Any) -> None:
        """Send to a room, to one client, or to all; `options` are room or to, and callback."""
        room = options.get("to") or options.get("room")
        if options.get("callback") or not self.acknowledging or not has_ended(event, data):
            await super().emit(event, data, namespace, **options)
            return
        members = list(self.get_participants(namespace, room))
        waiting = [sid for sid, _ in members if sid in self.acknowledging]
        await super().emit(event, data, namespace, room=room, skip_sid=waiting)
        for sid in waiting:
            task = asyncio.create_task(self._deliver(sid, event, data, namespace))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, sid: str, event: str, data: Any, namespace: str) -> None:
        for _ in range(_ATTEMPTS):
            if not self.is_connected(sid, namespace):
                return
            if await self._is_taken(sid, event, data, namespace):
                return
        if self.is_connected(sid, namespace):
            self.unacknowledged += 1
            await self.server.disconnect(sid, namespace=namespace)

    async def _is_taken(self, sid: str, event: str, data: Any, namespace: str) -> bool:
        answer = asyncio.Event()

        def take(*_values: Any) -> None:
            answer.set()

        await super().emit(event, data, namespace, room=sid, callback=take)
        try:
            await asyncio.wait_for(answer.wait(), _SECONDS)
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Wait for no more acknowledgements."""
        tasks = list(self._deliveries)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def has_ended(event: str, data: Any) -> bool:
    """Return whether it is an output with a terminal status."""
    if event != "chat" or not isinstance(data, dict):
        return False
    return cast("dict[str, Any]", data).get("status") in TERMINAL
