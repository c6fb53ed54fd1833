"""Browsers: what the sockets of one browser follow, by the cookie that Engine.IO gives it.

A client that connects again and names no session goes on with those that it followed before.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final

NAME: Final = "chat_socket"
COOKIE: Final = {"name": NAME, "path": "/", "SameSite": "Lax", "HttpOnly": True}
_MOST: Final = 10_000
_MOST_SESSIONS: Final = 20
_UNNOTICED_SECONDS: Final = 60.0
"""How long a connection may be broken before its pings tell."""


@dataclass(slots=True)
class Browser:
    """Sessions that its sockets followed, and when the last one left, in epoch seconds."""

    sessions: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])
    left_at: float | None = None

    def follow(self, session_id: str) -> None:
        """Add a session; of many the newest are kept."""
        self.sessions[session_id] = None
        self.sessions.move_to_end(session_id)
        if len(self.sessions) > _MOST_SESSIONS:
            self.sessions.popitem(last=False)

    @property
    def missed_since(self) -> float:
        """From when on outputs may have been lost."""
        return (self.left_at or time.time()) - _UNNOTICED_SECONDS


class Browsers:
    """The browsers of this instance's sockets, the newest 10,000."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Browser] = OrderedDict()

    def enter(self, socket_id: str, cookies: str) -> Browser:
        """Return the browser of a new socket: the one whose cookie it has, else a new one."""
        browser = self._known.get(read_cookie(cookies)) or Browser()
        self._known[socket_id] = browser
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return browser


def read_cookie(cookies: str) -> str:
    """Return the id of the socket that a Cookie header names, "" without one."""
    try:
        found = SimpleCookie(cookies).get(NAME)
    except CookieError:
        return ""
    return found.value if found else ""
