"""The log files: numbered and never renamed, so that a reader knows which one comes next."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"functions-(\d{8})\.jsonl")
_PRIVATE: Final = 0o600


def list_files(folder: Path) -> dict[int, Path]:
    """Return the existing files by number, oldest first."""
    if not folder.is_dir():
        return {}
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in found if match))


@dataclass(slots=True)
class RotatingFile:
    """Appends lines to the newest file; a full one is followed by another, the oldest removed.

    Only one process may write to a folder at a time.
    """

    folder: Path
    max_bytes: int = 10_000_000
    keep: int = 5
    _fd: int = field(default=-1, init=False)
    _number: int = field(default=0, init=False)
    _size: int = field(default=0, init=False)
    _is_torn: bool = field(default=False, init=False)

    def append(self, lines: Iterable[bytes]) -> None:
        """Write lines, given without their newline. Raises OSError if the disk refuses them."""
        data = b"".join(line + b"\n" for line in lines)
        self._make_room(len(data))
        if self._is_torn:
            data = b"\n" + data
        self._is_torn = True
        self._write(data)
        self._is_torn = False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(self._fd, rest)
            self._size += written
            rest = rest[written:]

    def _make_room(self, wanted: int) -> None:
        if self._fd < 0 or self._is_removed():
            self.close()
            self._open(max([*list_files(self.folder), self._number, 1]))
        if self._size and self._size + wanted > self.max_bytes:
            self.close()
            self._open(self._number + 1)
            self._remove_oldest()

    def _open(self, number: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"functions-{number:08}.jsonl"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, _PRIVATE)
        self._number = number
        self._size = os.fstat(self._fd).st_size
        # A crash may have cut the last line: start the next one on a new line.
        self._is_torn = self._size > 0 and os.pread(self._fd, 1, self._size - 1) != b"\n"

    def _is_removed(self) -> bool:
        return os.fstat(self._fd).st_nlink == 0

    def _remove_oldest(self) -> None:
        for path in list(list_files(self.folder).values())[: -self.keep]:
            path.unlink(missing_ok=True)
