"""ChatNamespace: the events of Socket.IO's namespace /chat."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import socketio
from pydantic import ValidationError

from backend.chat.acknowledgements import AcknowledgingManager
from backend.chat.browsers import Browser, Browsers, read_cookie
from backend.chat.emitter import NAMESPACE, Emitter, room_of
from backend.chat.messages import TERMINAL, Message, Output, new_id, refusal
from backend.chat.runner import Runner
from backend.chat.stores.store import SessionFullError, SessionNotFoundError, Store, StoreError
from backend.chat.users import Users

_PER_MINUTE: Final = 30
_MISSED_SECONDS: Final = 3600.0
"""Outputs that changed so long before a client connected are sent again: no run works longer."""
_log = logging.getLogger("chat")


def _no_times() -> deque[float]:
    return deque(maxlen=_PER_MINUTE)


@dataclass(slots=True)
class _Client:
    """A client that is connected: its user and browser, when it sent messages, and their order."""

    owner: str | None
    browser: Browser
    connected_at: float = field(default_factory=time.time)
    recent: deque[float] = field(default_factory=_no_times)
    order: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_too_fast(self) -> bool:
        """Count a message, unless there are too many of the last minute."""
        now = time.monotonic()
        if len(self.recent) == _PER_MINUTE and now - self.recent[0] < 60:
            return True
        self.recent.append(now)
        return False


class ChatNamespace(socketio.AsyncNamespace):
    """connect, disconnect, chat and reconnect; each client follows the sessions that it names."""

    def __init__(self, store: Store, emitter: Emitter, runner: Runner, users: Users) -> None:
        super().__init__(NAMESPACE)
        self._store = store
        self._emitter = emitter
        self._runner = runner
        self._users = users
        self._clients: dict[str, _Client] = {}
        self._browsers = Browsers()

    async def on_connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        """Check auth {token?, session_id?, last_seen?, acknowledge?}; what it missed is sent.

        Without a session, of those that the client's browser followed before. With acknowledge:
        true the client acknowledges outputs that have ended. Raises ConnectionRefusedError.
        """
        given = _read_object(auth)
        owner = await self._users.find(str(given.get("token") or ""))
        if owner.is_refused:
            raise socketio.exceptions.ConnectionRefusedError("Sign in: the token is not valid.")
        manager = self.server.manager
        socket_id = manager.eio_sid_from_sid(sid, NAMESPACE)
        browser = self._browsers.enter(socket_id, environ.get("HTTP_COOKIE", ""))
        self._clients[sid] = _Client(owner.id, browser)
        if given.get("acknowledge") is True and isinstance(manager, AcknowledgingManager):
            manager.acknowledging.add(sid)
        session_id, since = _read_id(given, "session_id"), given.get("last_seen")
        if session_id:
            is_time = isinstance(since, (int, float)) and not isinstance(since, bool)
            seen = float(cast("float", since)) if is_time else 0
            await self._follow(sid, owner.id, session_id, None, seen)
            return
        for each in list(browser.sessions):
            await self._follow(sid, owner.id, each, None, browser.missed_since)

    async def trigger_event(self, event: Any, sid: str, *args: Any) -> Any:
        """Dispatch an event. A connected client may send chat and reconnect, and no other.

        One that sends `disconnect` would otherwise go on without its user.
        """
        is_connected = self.server.manager.is_connected(sid, NAMESPACE)
        if is_connected and event not in ("chat", "reconnect"):
            _log.info("An event of another name is ignored.")
            return None
        return await super().trigger_event(event, sid, *args)

    async def on_disconnect(self, sid: str, reason: str = "") -> None:
        """Forget the client; its runs go on."""
        if client := self._clients.pop(sid, None):
            client.browser.left_at = time.time()
        if isinstance(manager := self.server.manager, AcknowledgingManager):
            manager.acknowledging.discard(sid)
        _log.debug("Client %s disconnected: %s.", sid, reason)

    async def on_reconnect(self, sid: str, data: Any = None) -> None:
        """Send the newest outputs of {session_id, conv_id} again, and what comes in the session.

        Of conv_id "" there are none: the client follows the session only.
        """
        given = _read_object(data)
        session_id, conv_id = _read_id(given, "session_id"), _read_id(given, "conv_id")
        client = self._clients.get(sid)
        if client is None or session_id is None or conv_id is None:
            _log.info("reconnect without session_id and conv_id is ignored.")
            return
        await self._follow(sid, client.owner, session_id, conv_id, 0)

    async def on_chat(self, sid: str, data: Any = None) -> None:
        """Store a message and start its run; a message that was answered is answered again.

        Messages of a client are stored in the order in which they arrive, as its user's also if it
        disconnects meanwhile.
        """
        client = self._clients.get(sid)
        if client is None:
            _log.info("A message of a client that has disconnected is ignored.")
            return
        given = _read_object(data)
        if client.is_too_fast():  # before it is read, which takes time, or waits
            await self._refuse(sid, given, "Too many messages: wait a minute.", "overlimit")
            return
        async with client.order:
            await self._receive(sid, client.owner, given)

    async def _receive(self, sid: str, owner: str | None, given: Mapping[str, Any]) -> None:
        try:
            message = Message.model_validate(given)
        except ValidationError as exc:
            await self._refuse(sid, given, _explain(exc), "invalid_message")
            return
        try:
            await self._accept(sid, owner, message)
        except SessionNotFoundError:
            await self._refuse(sid, given, "This session is not there.", "session_not_found")
        except SessionFullError:
            text = "This session is full. Start a new one with Ctrl or Cmd + K."
            await self._end(sid, message, "sessionlimit", text)
        except StoreError:
            _log.exception("A message could not be stored.")
            text = "Your message could not be stored. Send it again in a moment."
            await self._refuse(sid, message.render(), text, "database_unavailable")

    async def _accept(self, sid: str, owner: str | None, message: Message) -> None:
        output_id = f"o-{new_id()}"
        stored = await self._begin(message, output_id, owner)
        is_new = await self._enter(sid, message.session_id)
        if stored is None:
            output = Output(message.session_id, message.conv_id, output_id)
            output.step("Received")
            await self._emitter.publish(output.render())
            self._runner.wake()
        elif stored:
            await self._emitter.send("chat", stored, sid)
        client = self._clients.get(sid)
        if is_new and client:
            known = stored["msg_id"] if stored else output_id
            since = client.connected_at - _MISSED_SECONDS
            await self._send_outputs(sid, owner, message.session_id, since=since, known=known)

    async def _enter(self, sid: str, session_id: str) -> bool:
        """Have the client follow the session, unless it has disconnected; False if it does."""
        client = self._clients.get(sid)
        if client is None or room_of(session_id) in self.rooms(sid):
            return False
        client.browser.follow(session_id)
        await self.enter_room(sid, room_of(session_id))
        return True

    async def follow_of_browser(self, cookies: str, session_id: str, owner: str | None) -> None:
        """Have a browser's socket, which its cookie names, follow a session that it has opened."""
        sid = self.server.manager.sid_from_eio_sid(read_cookie(cookies), NAMESPACE)
        client = self._clients.get(sid) if sid else None
        if sid and client and client.owner == owner:
            await self._enter(sid, session_id)

    async def _begin(
        self, message: Message, output_id: str, owner: str | None
    ) -> Mapping[str, Any] | None:
        for pause in (0.1, 0.5, None):
            try:
                return await self._store.begin(message, output_id, owner)
            except StoreError:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    async def _follow(
        self, sid: str, owner: str | None, session_id: str, conv_id: str | None, since: float
    ) -> None:
        """Enter the session's room and send its outputs."""
        try:
            if await self._store.is_owner(session_id, owner):
                await self._enter(sid, session_id)
        except StoreError:
            _log.exception("A session could not be recovered.")
        else:
            await self._send_outputs(sid, owner, session_id, conv_id=conv_id, since=since)

    async def _send_outputs(
        self,
        sid: str,
        owner: str | None,
        session_id: str,
        *,
        conv_id: str | None = None,
        since: float = 0,
        known: str = "",
    ) -> None:
        """Send a session's outputs that changed after `since`, but for the one that is known.

        They are read again until none has changed while it was sent: what the room was sent
        meanwhile is newer, and came before it.
        """
        sent: dict[str, Mapping[str, Any]] = {}
        is_settled = False
        try:
            while not is_settled:
                found = await self._store.fetch_outputs(
                    session_id, owner, conv_id=conv_id, since=since
                )
                others = [each for each in found if each["msg_id"] != known]
                changed = [each for each in others if sent.get(each["msg_id"]) != each]
                for message in changed:
                    await self._emitter.send("chat", message, sid)
                    sent[message["msg_id"]] = message
                is_settled = all(each["status"] in TERMINAL for each in changed)
        except StoreError:
            _log.exception("A session could not be recovered.")

    async def _end(self, sid: str, message: Message, status: str, text: str) -> None:
        output = Output(message.session_id, message.conv_id, new_id())
        output.fail(text, status)
        output.status = status
        await self._emitter.send("chat", output.render(), sid)

    async def _refuse(self, sid: str, given: Mapping[str, Any], text: str, error_type: str) -> None:
        if answer := refusal(given, text, error_type):
            await self._emitter.send("chat", answer, sid)
        else:
            _log.info("A message without session_id and conv_id is ignored: %s", error_type)


def _read_object(data: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else {}


def _read_id(given: Mapping[str, Any], name: str) -> str | None:
    """Return an id, None if it cannot be one: lone surrogates and NUL cannot be stored."""
    value = given.get(name)
    return value if isinstance(value, str) and value.isprintable() else None


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    return f"The message cannot be read: {where}: {first['msg']}."
