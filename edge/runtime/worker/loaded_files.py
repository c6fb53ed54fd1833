"""Reports which of the project's files the process has loaded, so that a change of them reloads it.

Goes on the control line as {"files": {"read": […], "written": […], "missing": […]}}, real paths.
A file that the function writes is its data; `missing` are modules without a suffix that an import
did not find. What was there before the process was and is only read, a prompt, counts as loaded.
"""

import importlib.util
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, Literal

Kind = Literal["read", "written", "missing"]

_WRITES: Final = os.O_WRONLY | os.O_RDWR
_CACHE: Final = f"{os.sep}__pycache__{os.sep}"
_MOST_DATA_FILES: Final = 2000
_MOST_IN_A_LINE: Final = 20


class LoadedFiles:
    """Follows the files that are opened below the folders of `source` and of `shared`."""

    def __init__(self, control: int, source: str, root: str) -> None:
        self._socket = socket.socket(fileno=os.dup(control))
        self._folders = project_folders(source, root)
        self._started = time.time()
        self._known: dict[str, Kind] = {}
        self._pending: list[tuple[Kind, str]] = []
        self._is_loading = True

    def start(self) -> None:
        """Follow files from now on, for as long as the process lives."""
        sys.addaudithook(self._hear)
        sys.meta_path.append(self)

    def report(self) -> None:
        """Send what loading the function has opened; what comes later is sent at once."""
        self._is_loading = False
        pending, self._pending = self._pending, []
        for start in range(0, len(pending), _MOST_IN_A_LINE):
            self._socket.sendall(_line(pending[start : start + _MOST_IN_A_LINE]))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note a module that no finder before this one has found."""
        for folder in sys.path if path is None else path:
            with suppress(OSError, ValueError):
                place = os.path.realpath(os.path.join(folder, name.rpartition(".")[2]))
                if place.startswith(self._folders) and place not in self._known:
                    self._add("missing", place)
        return None

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        with suppress(OSError, ValueError, TypeError):
            if event == "open":
                self._note(args[0], is_written=bool(args[2] & _WRITES))
            elif event == "os.rename":
                self._note(args[1], is_written=True)

    def _note(self, given: Any, *, is_written: bool) -> None:
        if isinstance(given, int):
            return
        path = os.path.abspath(os.fsdecode(given))
        if not path.startswith(self._folders):
            return
        path = os.path.realpath(path)
        if _CACHE in path:
            if is_written:
                return
            path = importlib.util.source_from_cache(path)
        is_module = path.endswith(".py")
        known = self._known.get(path)
        if known == "written" or (known == "read" and (is_module or not is_written)):
            return
        if is_written or is_module or self._is_as_deployed(path):
            self._add("written" if is_written else "read", path)

    def _is_as_deployed(self, path: str) -> bool:
        """Whether a file is older than the process, or awaited; what comes later is data."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return True
        return stat.S_ISREG(status.st_mode) and status.st_mtime < self._started

    def _add(self, kind: Kind, path: str) -> None:
        if len(self._known) >= _MOST_DATA_FILES and not (kind == "read" and path.endswith(".py")):
            return
        self._known[path] = kind
        self._pending.append((kind, path))
        if not self._is_loading:
            self._flush()

    def _flush(self) -> None:
        """Send without waiting; what does not fit now is sent with the next file."""
        while self._pending:
            entry = self._pending.pop(0)
            try:
                self._socket.send(_line([entry]), socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._pending.insert(0, entry)
                return


def project_folders(source: str, root: str) -> tuple[str, ...]:
    """Return how paths of the project begin: below functions/, of shared, of a linked folder."""
    functions = os.path.dirname(os.path.dirname(os.path.abspath(source)))
    linked = os.path.dirname(os.path.realpath(source))
    shared = os.path.join(os.path.abspath(root), "shared")
    places = {functions, os.path.realpath(functions), linked}
    return (*(place + os.sep for place in places), shared, os.path.realpath(shared))


def _line(entries: Iterable[tuple[Kind, str]]) -> bytes:
    files: dict[str, list[str]] = {}
    for kind, path in entries:
        files.setdefault(kind, []).append(path)
    return json.dumps({"files": files}).encode() + b"\n"
