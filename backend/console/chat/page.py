"""The chat: sessions and calls at the left, the conversation at the right."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from nicegui import ui

from backend.console.chat.client import Caller, find_backend
from backend.console.chat.conversation import Conversation
from backend.console.chat.session import Session
from backend.console.chat.upload import ChatUpload
from backend.console.data import attempt, find_users, select_one
from console import ApiError, page
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.messages import empty, show_error
from console.ui.parts import link, subheading

_CSS: Final = Path(__file__).with_name("chat.css").read_text()
_MOST_SESSIONS: Final = 100
_MOST_COLLECTIONS: Final = 20
_ANONYMOUS: Final = "Not signed in"


@page("/chats", title="Chat", icon="forum", group="Work", order=70)
async def chats(session: str = "", user: str = "") -> None:
    """Open a session, by default the one that was used last."""
    await _show(session, user)


@page("/chats/{session_id}", title="Chat session")
async def chat(session_id: str) -> None:
    """Open a session as the user whose it is."""
    found = await select_one("chat_sessions", select="owner_id", session_id=f"eq.{session_id}")
    await _show(session_id, str(found["owner_id"] or "") if found else "")


async def _show(session_id: str, user_id: str) -> None:
    users = {"": _ANONYMOUS, **await find_users()}
    users.setdefault(user_id, user_id)
    url = await find_backend()
    with heading("Chat", "Analyse a call with @sales_prompt_extractor, or ask about your calls"):
        state = ui.label("Connecting…").classes("dim").props("role=status")
        chosen = ui.select(users, label="As", value=user_id).props("dense outlined options-dense")
        chosen.on_value_change(lambda event: ui.navigate.to(_address("", str(event.value or ""))))
    if url is None:
        state.set_text("")
        empty("The chat backend does not run", "Start it with the stack:", "edge start")
        return
    try:
        await _Chat(url, user_id, state).build(session_id)
    except ApiError as exc:
        state.set_text("")
        if exc.status == 401:
            exc.hint = "The backend asks for sign-in: choose a user above."
        show_error(exc)


def _address(session_id: str, user_id: str) -> str:
    query = {"session": session_id, "user": user_id}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"/chats?{given}" if given else "/chats"


class _Chat:
    def __init__(self, url: str, user_id: str, state: ui.label) -> None:
        self._user_id = user_id
        self._state = state
        self._videos: dict[str, dict[str, Any]] = {}
        self._opened: dict[str, Any] | None = None
        self._session = Session(url, Caller(user_id), self)

    async def build(self, session_id: str) -> None:
        """Add the page's parts. Raises ApiError if the backend refuses the caller."""
        client = self._session.client
        agents, sessions = await asyncio.gather(
            client.request("GET", "/agent"), client.request("GET", "/session")
        )
        ui.add_css(_CSS)
        with ui.element("div").classes("chat"):
            with ui.element("div").classes("chat-side"):
                self._build_side()
            self._conversation = Conversation(agents)
        self._conversation.on_send(self._send)
        self._conversation.on_open(lambda found: self._choose(str(found["id"])))
        self._conversation.on_play(lambda what: attempt(lambda: self._play(what)))
        last = max(sessions, key=lambda each: each["updated_at"], default=None)
        await self._open(session_id or (last["session_id"] if last else ""))
        await self.show_calls()
        browser: Any = ui.context.client
        browser.on_delete(client.close)
        client.open()

    def _build_side(self) -> None:
        new = ui.button("New session", icon="add").props("no-caps unelevated data-command-k")
        new.on_click(lambda: self._open("")).tooltip("Ctrl or ⌘ + K")
        subheading("Sessions")
        self._sessions = ui.element("ul").classes("chat-list").props('aria-label="Sessions"')
        link("Sessions of all users", "/console/tables/public/chat_sessions")
        subheading("Calls")
        self._collection = ui.select({"": "All collections"}, label="Collection", value="")
        self._collection.props("dense outlined options-dense")
        self._calls = ui.element("ul").classes("chat-list").props('aria-label="Calls"')
        self._upload = ChatUpload(self._user_id)
        self._upload.on_stored(self._take_upload)
        link("What is stored of calls", "/console/training")
        self._collection.on_value_change(lambda _: self._show_collection())

    async def _show_collection(self) -> None:
        self._upload.send_to(str(self._collection.value or ""))
        await attempt(self.show_calls)

    # Display: called by the session.

    def show_messages(self, messages: list[dict[str, Any]]) -> None:
        """Replace the conversation."""
        self._conversation.show(messages)

    def put_message(self, message: Mapping[str, Any]) -> None:
        """Add a message, or change it in place."""
        self._conversation.put(message)

    def show_state(self, text: str) -> None:
        """Show the state of the connection."""
        self._state.set_text(text)

    async def show_sessions(self) -> None:
        """List the caller's sessions. Raises ApiError."""
        sessions = await self._session.client.request("GET", "/session")
        self._sessions.clear()
        with self._sessions:
            for each in sessions[:_MOST_SESSIONS]:
                self._add_session(each["session_id"], each["metadata"].get("title") or "Untitled")

    def _add_session(self, session_id: str, title: str) -> None:
        with ui.element("li"):
            entry = _entry(title, is_current=session_id == self._session.id)
            entry.on("click", lambda: self._open(session_id))
            remove = ui.button(icon="close").props("flat round dense size=sm")
            remove.props["aria-label"] = f"Delete {title}"
            remove.on_click(lambda: self._remove(session_id, title))

    async def show_calls(self) -> None:
        """List the calls of the chosen collection. Raises ApiError."""
        client = self._session.client
        collections = (await client.request("GET", "/videodb/collection"))[:_MOST_COLLECTIONS]
        self._collection.options = {"": "All collections"} | {
            each["id"]: each["name"] for each in collections
        }
        self._collection.update()
        chosen = self._collection.value
        wanted = [each["id"] for each in collections if chosen in ("", None, each["id"])]
        found = await asyncio.gather(
            *(client.request("GET", f"/videodb/collection/{_quote(c)}/video") for c in wanted)
        )
        videos = [video for listed in found for video in listed]
        self._videos = {video["id"]: video for video in reversed(videos)}
        self._calls.clear()
        with self._calls:
            if not videos:
                with ui.element("li"):
                    ui.label("None yet: add one below.").classes("dim")
            for video in videos:
                self._add_call(video)
        self._conversation.set_calls(
            self._opened["id"] if self._opened else "",
            [video["id"] for video in videos if video["media"]],
        )

    def _add_call(self, video: Mapping[str, Any]) -> None:
        is_open = self._opened is not None and self._opened["id"] == video["id"]
        with ui.element("li"):
            entry = _entry(video["name"], is_current=is_open)
            entry.on("click", lambda: self._choose(video["id"]))
            if video["media"]:
                play = ui.button(icon="play_arrow").props("flat round dense size=sm")
                play.props["aria-label"] = f"Play {video['name']}"
                what = {"id": video["id"], "start": 0, "title": video["name"]}
                play.on_click(lambda: attempt(lambda: self._play(what)))

    # Handlers of the page's controls.

    async def _open(self, session_id: str) -> None:
        """Open a session, or a new one."""

        async def load() -> None:
            await self._session.open(session_id)
            await self.show_sessions()

        with self._sessions:
            await attempt(load)
            ui.navigate.history.replace(f"/console{_address(self._session.id, self._user_id)}")
        self._conversation.focus()

    async def _remove(self, session_id: str, title: str) -> None:
        if not await confirm(f"Delete “{title}”?", "Its messages go too.", "Delete", danger=True):
            return
        path = f"/session/{_quote(session_id)}"
        if not await attempt(lambda: self._session.client.request("DELETE", path), "Deleted."):
            return
        if session_id == self._session.id:
            await self._open("")
        else:
            await attempt(self.show_sessions)

    async def _send(self, text: str) -> None:
        collection = self._collection.value or None
        if self._opened:
            collection = self._opened["collection_id"]
        await self._session.send(text, collection, self._opened["id"] if self._opened else None)

    async def _choose(self, video_id: str) -> None:
        """Open a call, or close it if it is open."""
        is_open = self._opened is not None and self._opened["id"] == video_id
        self._opened = None if is_open else self._videos.get(video_id)
        await attempt(self.show_calls)

    async def _take_upload(self, video: dict[str, Any]) -> None:
        self._opened = video
        await attempt(self.show_calls)
        if video.get("needs_transcription") and not self._session.is_busy:
            await self._send("@transcription")

    async def _play(self, what: Mapping[str, Any]) -> None:
        """Play a recording. Raises ApiError."""
        video = self._videos.get(str(what["id"]))
        if video is None or not video["media"]:
            return
        url = await self._session.sign(video)
        self._conversation.play(url, video["media"], float(what["start"]), str(what["title"]))


def _entry(text: str, *, is_current: bool) -> ui.element:
    with ui.element("button").classes("chat-entry").props("type=button") as entry:
        ui.label(text)
    entry.props["title"] = text
    entry.props["aria-current"] = str(is_current).lower()
    return entry


def _quote(text: str) -> str:
    return quote(text, safe="")
