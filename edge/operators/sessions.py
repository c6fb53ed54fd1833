"""Who is signed in: a cookie for the browser, a token for the console's process, for some hours."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from edge.console_proxy.app import ConsoleViews
from edge.cookies import read_cookies
from edge.operators.project import Operator, Project

COOKIE: Final = "edge_operator"
_SECONDS: Final = 8 * 3600.0
_CHECK_SECONDS: Final = 60.0
_MOST: Final = 8
Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Session:
    """One sign-in; its pages are those of a process of its own, which knows only `token`."""

    operator: Operator
    views: ConsoleViews
    cookie: str
    token: str
    ends_at: float
    checked_at: float


@dataclass(slots=True)
class Sessions:
    """The sessions of this console. `create_views` makes the pages for a token."""

    project: Project
    create_views: Callable[[str], ConsoleViews]
    clock: Callable[[], float] = time.monotonic
    _sessions: list[Session] = field(default_factory=list[Session], init=False)

    async def open(self, operator: Operator) -> Session:
        """Begin a session; one too many ends the oldest of this operator, or else of all."""
        while len(self._sessions) >= _MOST:
            own = [each for each in self._sessions if each.operator.id == operator.id]
            await self.end((own or self._sessions)[0])
        now, token = self.clock(), secrets.token_urlsafe(32)
        views = self.create_views(token)
        session = Session(operator, views, secrets.token_urlsafe(32), token, now + _SECONDS, now)
        self._sessions.append(session)
        return session

    async def end(self, session: Session) -> None:
        """End a session, and its process."""
        if session in self._sessions:
            self._sessions.remove(session)
        await session.views.close()

    async def close(self) -> None:
        """End all sessions."""
        for session in list(self._sessions):
            await self.end(session)

    def by_cookie(self, headers: Iterable[Header]) -> Session | None:
        """Return the session of a browser's request."""
        text = "; ".join(v.decode("latin-1") for n, v in headers if n == b"cookie")
        value = read_cookies(text).get(COOKIE)
        return self._find(value, lambda each: each.cookie) if value else None

    def by_token(self, token: str) -> Session | None:
        """Return the session of a request of the console's process."""
        return self._find(token, lambda each: each.token)

    async def check(self, session: Session) -> bool:
        """Ask, once a minute, whether the user is still an operator; end the session if not."""
        now = self.clock()
        if now - session.checked_at < _CHECK_SECONDS:
            return True
        found = await self.project.find(session.operator.id)
        if found is None:
            await self.end(session)
            return False
        session.operator, session.checked_at = found, now
        return True

    def _find(self, value: str, read: Callable[[Session], str]) -> Session | None:
        now = self.clock()
        for session in self._sessions:
            if secrets.compare_digest(read(session).encode(), value.encode()):
                return session if now < session.ends_at else None
        return None
