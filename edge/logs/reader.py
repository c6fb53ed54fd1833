"""Reads the log while it is being written: the last entries, and those that follow."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.logs.entry import Entry, parse_entry
from edge.logs.files import list_files
from edge.logs.query import Query

_POLL_SECONDS: Final = 0.2


def _pause() -> None:
    time.sleep(_POLL_SECONDS)


@dataclass(slots=True)
class LogReader:
    """A read position in the log of `folder`: `read_last` moves it to the end, `follow` onwards."""

    folder: Path
    query: Query = field(default_factory=Query)
    _number: int = field(default=0, init=False)
    _offset: int = field(default=0, init=False)

    def read_last(self, limit: int | None = None) -> list[Entry]:
        """Return the last `limit` entries that match, oldest first."""
        files = list(list_files(self.folder).items())
        if not files:
            return []
        self._number, self._offset = files[-1][0], 0
        found = deque(self._read_on(files[-1][1]), maxlen=limit)
        for _, path in reversed(files[:-1]):
            if (limit is not None and len(found) >= limit) or self._is_too_old(path):
                break
            missing = None if limit is None else limit - len(found)
            earlier = deque(self._matching(path), maxlen=missing)
            found.extendleft(reversed(earlier))
        return list(found)

    def follow(self, pause: Callable[[], None] = _pause) -> Iterator[Entry]:
        """Yield entries as they are written, for ever; calls `pause` whenever there are no more."""
        while True:
            yield from self.read_new()
            pause()

    def read_new(self) -> Iterator[Entry]:
        """Yield the entries written since the last read."""
        # List files before reading: if there is a newer one, the current file is complete.
        files = list_files(self.folder)
        if files and max(files) < self._number:
            self._number = 0  # the log was removed and started again
        for number, path in files.items():
            if number > self._number:
                self._number, self._offset = number, 0
            if number == self._number:
                yield from self._read_on(path)

    def _read_on(self, path: Path) -> Iterator[Entry]:
        """Yield matching entries from the current position, which advances."""
        if _size(path) < self._offset:
            self._offset = 0  # the file was replaced by a shorter one
        for line in _lines(path, self._offset):
            self._offset += len(line)
            entry = parse_entry(line)
            if entry and self.query.matches(entry):
                yield entry

    def _matching(self, path: Path) -> Iterator[Entry]:
        entries = map(parse_entry, _lines(path, 0))
        return (entry for entry in entries if entry and self.query.matches(entry))

    def _is_too_old(self, path: Path) -> bool:
        since = self.query.since
        try:
            return since is not None and path.stat().st_mtime < since.timestamp()
        except FileNotFoundError:
            return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _lines(path: Path, offset: int) -> Iterator[bytes]:
    """Yield complete lines with their newline; stops before one that is still being written."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # rotated away since it was listed
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield line
