"""Which requests are the hosted project's: its services, and functions that are not here."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from edge.gateway.app import FUNCTIONS, Header

PREFIXES: Final = ("/rest/v1", "/auth/v1", "/storage/v1", "/realtime/v1", "/graphql/v1")
SOCKETS: Final = "/realtime/v1"
MARK: Final[Header] = (b"x-edge-front", b"1")
"""On requests for functions that are passed on: one that comes back by a relay goes no further."""

Slugs = Callable[[], Collection[str]]
"""Returns the functions that are served here."""


def is_of_service(path: bytes) -> bool:
    """Return whether the path is one of the hosted project's services."""
    return any(_is_below(path, prefix) for prefix in PREFIXES)


def is_of_project(path: bytes) -> bool:
    """Return whether the hosted project may serve the path: its services and functions."""
    return is_of_service(path) or _is_below(path, FUNCTIONS)


def is_foreign_function(path: bytes, slugs: Slugs | None) -> bool:
    """Return whether the path is that of a function that is not served here."""
    if slugs is None or not path.startswith(FUNCTIONS.encode() + b"/"):
        return False
    slug = path.removeprefix(FUNCTIONS.encode() + b"/").partition(b"/")[0].decode("latin-1")
    return slug != "" and slug not in slugs()


def is_marked(headers: Iterable[Header]) -> bool:
    """Return whether a front has passed the request on already."""
    return any(name.lower() == MARK[0] for name, _ in headers)


def _is_below(path: bytes, prefix: str) -> bool:
    return path == prefix.encode() or path.startswith(prefix.encode() + b"/")
