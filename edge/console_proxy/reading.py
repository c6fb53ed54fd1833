"""Distinguish calls of a project's services that only read from those that may change data."""

import re
from typing import Final
from urllib.parse import unquote

READS: Final = ("GET", "HEAD")
OVERRIDES: Final = frozenset(("x-http-method-override", "x-http-method", "x-method-override"))
"""Headers by which a server replaces a request's method; they are not passed on."""
_LIST: Final = re.compile(r"/storage/v1/object/list(?:-v2)?/([^/]+)")


def only_reads(method: str, path: str) -> bool:
    """Whether a call changes nothing; lists of files are asked for by POST."""
    if method in READS:
        return not path.startswith("/functions/v1/")
    found = _LIST.fullmatch(path) if method == "POST" else None
    return found is not None and "/" not in unquote(found[1])


def has_dots(path: str) -> bool:
    """Whether a server on the way may take a part of the path for this folder or the one above."""
    return any(part in {".", ".."} for part in re.split(r"[/\\]", unquote(path)))
