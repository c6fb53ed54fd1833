"""The session that a page shows: what it knows of it, over any number of connections."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from uuid import uuid4

from backend.console.chat.client import Caller, ChatClient
from console import ApiError


class Display(Protocol):
    """The page that shows a session."""

    def show_messages(self, messages: list[dict[str, Any]]) -> None:
        """Replace all messages."""
        ...

    def put_message(self, message: Mapping[str, Any]) -> None:
        """Add a message, or change the one with its id."""
        ...

    def show_state(self, text: str) -> None:
        """Show the state of the connection."""
        ...

    async def show_sessions(self) -> None:
        """List the sessions again. Raises ApiError."""
        ...

    async def show_calls(self) -> None:
        """List the calls again. Raises ApiError."""
        ...


class Session:
    """One session of a caller; what was written while there was no connection is sent later."""

    def __init__(self, url: str, caller: Caller, display: Display) -> None:
        self.id = ""
        self._display = display
        self._inputs: dict[str, dict[str, Any]] = {}
        self._unanswered: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, dict[str, Any]] = {}
        self.client = ChatClient(
            url,
            caller,
            on_connect=self._recover,
            on_output=self._receive,
            on_event=self._refresh,
            on_state=lambda text, _: display.show_state(text),
        )

    @property
    def is_busy(self) -> bool:
        """Whether the last message is being worked on."""
        last = next(reversed(self._inputs), "")
        return last in self._unanswered or any(
            output["status"] == "progress" and output["conv_id"] == last
            for output in self._seen.values()
        )

    async def open(self, session_id: str) -> None:
        """Show a session; a new one without an id. Raises ApiError."""
        self.id = session_id or str(uuid4())
        for known in (self._inputs, self._unanswered, self._seen):
            known.clear()
        self._display.show_messages([])
        if session_id:
            await self._follow()
            await self._load()

    async def send(self, text: str, collection_id: str | None, video_id: str | None) -> None:
        """Show a message and send it, now or once there is a connection."""
        now = int(time.time() * 1000)
        message: dict[str, Any] = {
            "agents": [],
            "msg_type": "input",
            "sender": "user",
            "conv_id": str(now),
            "msg_id": str(now + 1),
            "session_id": self.id,
            "collection_id": collection_id,
            "video_id": video_id,
            "content": [{"type": "text", "text": text}],
        }
        self._inputs[message["conv_id"]] = message
        self._unanswered[message["conv_id"]] = message
        self._display.put_message(message)
        await self.client.emit("chat", message)

    async def sign(self, video: Mapping[str, Any]) -> str:
        """Return an address that plays a recording, on this server. Raises ApiError."""
        collection, name = (quote(video[key], safe="") for key in ("collection_id", "id"))
        path = f"/videodb/collection/{collection}/video/{name}/generate_url"
        signed = urlsplit(str(await self.client.request("GET", path)))
        return f"{signed.path}?{signed.query}"

    async def _recover(self) -> None:
        """After each connection: follow the session, and catch up with what was missed."""
        await self._follow()
        await self._load()
        for message in list(self._unanswered.values()):
            await self.client.emit("chat", message)  # stored once, however often it is sent
        await self._refresh({"event_type": "update_data"})

    async def _follow(self) -> None:
        """Be sent what changes from now on; what is stored is read after that."""
        await self.client.emit("reconnect", {"session_id": self.id, "conv_id": ""})

    async def _load(self) -> None:
        """Read the stored messages. Raises ApiError, not for a session that is not stored yet."""
        wanted = self.id
        try:
            path = f"/session/{quote(wanted, safe='')}"
            stored = (await self.client.request("GET", path))["conversation"]
        except ApiError as exc:
            if exc.status != 404:
                raise
            return
        if wanted != self.id:
            return
        for message in stored:
            if message["msg_type"] == "input":
                self._inputs[message["conv_id"]] = message
        messages = [self._newest(message) for message in stored]
        ids = {message["conv_id"] for message in stored}
        waiting = [each for each in self._unanswered.values() if each["conv_id"] not in ids]
        self._display.show_messages([*messages, *waiting])

    def _newest(self, stored: dict[str, Any]) -> dict[str, Any]:
        """Return an output as it came meanwhile, unless what is stored has ended."""
        if stored["msg_type"] == "input":
            return stored
        self._unanswered.pop(stored["conv_id"], None)
        seen = self._seen.get(stored["msg_id"])
        newest = seen if seen and stored["status"] == "progress" else stored
        self._seen[stored["msg_id"]] = newest
        return newest

    async def _receive(self, output: dict[str, Any]) -> None:
        if output.get("session_id") != self.id:
            return
        seen = self._seen.get(output["msg_id"])
        if seen is None or seen["status"] == "progress":
            self._seen[output["msg_id"]] = output
        is_first = self._unanswered.pop(output["conv_id"], None) is not None
        is_known = output["conv_id"] in self._inputs
        if is_known:
            self._display.put_message(output)
        with suppress(ApiError):  # the next connection brings what is missed here
            if not is_known:  # written in another window
                await self._load()
            if is_first:
                await self._display.show_sessions()

    async def _refresh(self, event: dict[str, Any]) -> None:
        if event.get("event_type") == "update_data":
            with suppress(ApiError):
                await self._display.show_calls()
