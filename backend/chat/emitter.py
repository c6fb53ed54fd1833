"""Emitter: stores an output, then sends it to all clients that follow the session."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import socketio

from backend.chat.library import DEFAULT_COLLECTION
from backend.chat.stores.store import Store, StoreError

NAMESPACE: Final = "/chat"
_PAUSES: Final = (0.2, 0.5, 1.0)
_LONGEST_QUEUE: Final = 256
_LARGEST_QUEUE: Final = 4 << 20
_CHECK_SECONDS: Final = 1.0
_LATE_SECONDS: Final = 30.0
"""How long after it was stored an output may be sent, to instances that hear it then."""
_LONGEST_PAUSE: Final = 10.0
_ROOM: Final = "session:"
_UPDATES: Final = (
    {"update": "collections"},
    {"update": "videos", "collection_id": DEFAULT_COLLECTION},
)
_log = logging.getLogger("chat")


def room_of(session_id: str) -> str:
    """Return the room of a session's followers."""
    return f"{_ROOM}{session_id}"


class Emitter:
    """Emits through `server`; `failures` counts messages that only recovery will deliver."""

    def __init__(self, server: socketio.AsyncServer, store: Store) -> None:
        self._server = server
        self._store = store
        self.failures = 0
        self._checks: asyncio.Task[None] | None = None
        self._replays: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Look now and then for clients that do not read, also of what other instances send."""
        self._checks = asyncio.create_task(self._check())

    async def stop(self) -> None:
        """Look no more."""
        tasks = [*self._replays, *([self._checks] if self._checks else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            await self._drop_slow_clients(None)

    async def publish(self, message: Mapping[str, Any]) -> bool:
        """Store an output and send it; False if it ended before or its session is gone.

        One that ended before is sent as it is stored: the instance that stored it may have stopped
        before it sent it. Raises StoreError after three more attempts.
        """
        room = room_of(message["session_id"])
        if await self._save(message):
            await self.send("chat", message, room)
            return True
        stored = await self._store.fetch_output(message["session_id"], message["msg_id"])
        if stored:
            await self.send("chat", stored, room)
        return False

    async def _save(self, message: Mapping[str, Any]) -> bool:
        for pause in _PAUSES:
            try:
                return await self._store.save_output(message)
            except StoreError:
                await asyncio.sleep(pause)
        return await self._store.save_output(message)

    async def send(self, event: str, data: Mapping[str, Any], to: str | None = None) -> None:
        """Send to a room or one client, or to all; up to three more attempts, then give up."""
        await self._drop_slow_clients(to)
        for pause in (*_PAUSES, None):
            try:
                await self._server.emit(event, dict(data), to=to, namespace=NAMESPACE)
            except Exception:
                if pause is None:
                    self.failures += 1
                    _log.exception("An emit of %s failed; clients recover it.", event)
                    return
                await asyncio.sleep(pause)
            else:
                return

    def replay(self, seconds: float) -> None:
        """Send this instance's clients what changed in the last seconds, in the background.

        Other instances sent it while they could not be heard here.
        """
        task = asyncio.create_task(self._replay(time.monotonic() - seconds - _LATE_SECONDS))
        self._replays.add(task)
        task.add_done_callback(self._replays.discard)

    async def _replay(self, since: float) -> None:
        rooms = self._server.manager.rooms.get(NAMESPACE, {})
        sessions = [name.removeprefix(_ROOM) for name in rooms if name and name.startswith(_ROOM)]
        if not rooms:
            return
        for update in _UPDATES:
            await self._send_here("event", {"event_type": "update_data", **update}, None)
        pause = _PAUSES[0]
        while sessions:
            try:
                changed = await self._store.list_changed(sessions, time.monotonic() - since)
                for session_id, msg_id in changed:
                    await self._send_stored(session_id, msg_id)
            except StoreError:
                _log.warning("What was missed cannot be read: trying again.")
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    async def _send_stored(self, session_id: str, msg_id: str) -> None:
        """Send an output here, again if it has changed while it was sent."""
        sent: Mapping[str, Any] | None = None
        found = await self._store.fetch_output(session_id, msg_id)
        while found and found != sent:
            await self._send_here("chat", found, room_of(session_id))
            sent, found = found, await self._store.fetch_output(session_id, msg_id)

    async def _send_here(self, event: str, data: Mapping[str, Any], to: str | None) -> None:
        await self._server.emit(event, dict(data), to=to, namespace=NAMESPACE, ignore_queue=True)

    async def _drop_slow_clients(self, to: str | None) -> None:
        """Disconnect clients that do not read; they come back and recover."""
        members = list(self._server.manager.get_participants(NAMESPACE, to))
        for sid, eio_sid in members:
            found = self._server.eio.sockets.get(eio_sid)
            if found is not None and _is_slow(found.queue):
                _log.warning("A client does not read its messages and is disconnected.")
                await self._server.disconnect(sid, namespace=NAMESPACE)


def _is_slow(queue: "asyncio.Queue[Any]") -> bool:
    """Whether more waits for a client than it may keep here, in messages or in bytes."""
    count = queue.qsize()
    if count <= 1:
        return False  # however large: it may have come just now
    waiting: Iterable[Any] = vars(queue)["_queue"]
    size = sum(len(packet.data) for packet in waiting if packet is not None and packet.data)
    return count > _LONGEST_QUEUE or size > _LARGEST_QUEUE
