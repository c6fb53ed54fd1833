"""Which pages may call the backend, and under which names it answers."""

import re
from collections.abc import Callable
from typing import Final

from backend.chat.settings import Settings

LOCAL_PAGES: Final = r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?"
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")


def origins_of(settings: Settings) -> Callable[[str | None], bool]:
    """Return whether a page of an origin may connect: those of this machine and the settings'."""
    allowed = frozenset(settings.cors_origins)

    def is_allowed(origin: str | None) -> bool:
        return origin is None or origin in allowed or bool(re.fullmatch(LOCAL_PAGES, origin))

    return is_allowed


def names_of(settings: Settings) -> list[str]:
    """Return the hosts that requests may name: any, unless it listens on this machine only.

    A page elsewhere whose name was made to point here (DNS rebinding) is refused so.
    """
    is_local = settings.host in {"127.0.0.1", "localhost", "::1"}
    return list(LOCAL_NAMES) if is_local and "*" not in settings.cors_origins else ["*"]
