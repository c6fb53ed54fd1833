"""Servers that start without the command line's library, which takes as long as their own imports.

Only what is written as expected is read here; everything else, such as --help or a wrong option,
is left to the command of the same name.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from edge.light_imports import postpone, state_versions

_LAST_PORT: Final = 65535
_Readers = Mapping[str, Callable[[str], Any]]


def _read_port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= _LAST_PORT):
        raise ValueError(text)
    return int(text)


_OPTIONS: Final[_Readers] = {"--host": str, "--port": _read_port}
SERVERS: Final[Mapping[str, tuple[str, _Readers]]] = {
    "rest": ("edge.rest_server", _OPTIONS),
    "auth": ("edge.auth_server", {**_OPTIONS, "--data": Path}),
}


def find_server(arguments: Sequence[str]) -> Callable[[], None] | None:
    """Return what serves as these arguments say; None if the command has to read them."""
    name, *given = arguments or ("",)
    if name not in SERVERS:
        return None
    module, readers = SERVERS[name]
    options = _read(given, readers)
    if options is None:
        return None
    return lambda: import_server(module).serve(**options)


def import_server(module: str) -> Any:
    """Import a server, without what it does not use before it answers."""
    postpone("csv", "ctypes", "ctypes.util", "locale", "textwrap", "tokenize")
    state_versions("psycopg", "psycopg_binary")
    return importlib.import_module(module)


def _read(given: Sequence[str], readers: _Readers) -> dict[str, Any] | None:
    options: dict[str, Any] = {}
    words = iter(given)
    for word in words:
        name, separator, value = word.partition("=")
        text = value if separator else next(words, None)
        if name not in readers or not text or text.startswith("-"):
            return None
        try:
            options[name.removeprefix("--")] = readers[name](text)
        except ValueError:
            return None
    return options
