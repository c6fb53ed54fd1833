"""The messages of a chat session, which change in place, and the field for the next one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from nicegui.element import Element

from backend.chat.messages import LONGEST_TEXT

_MOST_SHOWN: Final = 200
Handle = Callable[[Any], Any]


class Conversation(
    Element, component="chat_conversation.js", dependencies=["vendor/marked.umd.js"]
):
    """Shows messages as the protocol has them; texts are Markdown, cleaned in the browser."""

    def __init__(self, agents: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.props["agents"] = [
            {"name": each["name"], "description": each["description"]} for each in agents
        ]
        self.props["longest"] = LONGEST_TEXT
        self.props["playable"] = []
        self.props["call"] = ""

    def show(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Replace all messages; of a long session the newest are shown."""
        self.run_method("show", list(messages[-_MOST_SHOWN:]))

    def put(self, message: Mapping[str, Any]) -> None:
        """Add a message, or replace the one with its id."""
        self.run_method("put", dict(message))

    def set_calls(self, opened: str, playable: Sequence[str]) -> None:
        """Name the open call, and the ids of those whose recordings can be played."""
        self.props["call"] = opened
        self.props["playable"] = list(playable)

    def play(self, url: str, kind: str, start: float, title: str) -> None:
        """Play a recording, `kind` audio or video, from a second on."""
        self.run_method("play", {"url": url, "kind": kind, "start": start, "title": title})

    def focus(self) -> None:
        """Put the cursor into the field."""
        self.run_method("focus")

    def on_send(self, handle: Handle) -> None:
        """Call `handle` with the text of each message that is written."""
        self.on("send", lambda event: handle(event.args))

    def on_open(self, handle: Handle) -> None:
        """Call `handle` with {id, collection_id} of a call that is chosen."""
        self.on("open", lambda event: handle(event.args))

    def on_play(self, handle: Handle) -> None:
        """Call `handle` with {id, collection_id, start, title} of what shall be played."""
        self.on("play", lambda event: handle(event.args))
