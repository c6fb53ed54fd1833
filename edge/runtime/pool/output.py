"""What a worker writes, line by line, as events: complete lines only, of bounded length."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MARK: Final = "\x1f"
"""Around the id of a request at the beginning of a line: see worker/tracing.py."""
_MARK: Final = MARK.encode()
_CHUNK: Final = 8192
_LAST_WORDS: Final = 32  # chunks: more than a pipe holds
_LONGEST_LINE: Final = 10_000
_LONGEST_ID: Final = 64


def _mark_length(line: bytes | bytearray) -> int:
    """Return the length of the mark that the line begins with, 0 without one."""
    return line.find(_MARK, 1, _LONGEST_ID + 2) + 1 if line.startswith(_MARK) else 0


def split_mark(line: str) -> tuple[str, str]:
    """Return the id of the request that wrote the line, empty if there is none, and the rest."""
    if not line.startswith(MARK):
        return "", line
    request_id, end, text = line[1:].partition(MARK)
    return (request_id, text) if end and len(request_id) <= _LONGEST_ID else ("", line)


@dataclass(slots=True)
class LineReader:
    """Reads a pipe as it fills; `emit` gets each line without its end, decoded leniently.

    Each part of a long line begins with the mark of its request, as the line does.
    """

    fd: int
    emit: Callable[[str], None]
    _rest: bytearray = field(default_factory=bytearray, init=False)

    def start(self) -> None:
        os.set_blocking(self.fd, False)
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def close(self) -> None:
        """Take what is still in the pipe, then let it go; harmless when repeated.

        What a surviving child of the worker goes on writing is not waited for.
        """
        for _ in range(_LAST_WORDS):
            if self.fd < 0 or not self._read():
                break
        self._end()

    def _read(self) -> bool:
        try:
            data = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._end()
            return False
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            self._emit(line)
        mark = _mark_length(self._rest)
        while len(self._rest) > _LONGEST_LINE + mark:
            self._emit(self._rest[: _LONGEST_LINE + mark])
            del self._rest[mark : _LONGEST_LINE + mark]
        return True

    def _emit(self, line: bytes | bytearray) -> None:
        length = _mark_length(line)
        mark = line[:length].decode(errors="replace")
        text = line[length:].decode(errors="replace").rstrip("\r")
        for start in range(0, max(len(text), 1), _LONGEST_LINE):
            self.emit(mark + text[start : start + _LONGEST_LINE])

    def _end(self) -> None:
        if self.fd < 0:
            return
        if self._rest:
            self._emit(self._rest)
            self._rest.clear()
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)
        self.fd = -1
