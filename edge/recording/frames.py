"""Counts the frames of a WebSocket as their bytes pass by (RFC 6455, section 5.2)."""

from dataclasses import dataclass, field
from typing import Final

_CLOSE: Final = 8
_LONGEST_HEAD: Final = 64 * 1024


@dataclass(slots=True)
class FrameCounter:
    """One direction of a connection: the head of HTTP, then frames; no payload is kept."""

    status: int = field(default=0, init=False)
    """Of the answer, if this is the server's direction."""
    messages: int = field(default=0, init=False)
    size: int = field(default=0, init=False)
    """Bytes of the frames, their heads included."""
    close_code: int | None = field(default=None, init=False)
    _is_in_head: bool = field(default=True, init=False)
    _is_broken: bool = field(default=False, init=False)
    _held: bytes = field(default=b"", init=False)
    _to_skip: int = field(default=0, init=False)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, however they are cut."""
        is_between = not (self._to_skip or self._held or self._is_in_head or self._is_broken)
        if is_between and _is_whole_message(data):
            self.messages += 1
            self.size += len(data)
            return
        if self._is_broken:
            return
        if self._is_in_head:
            data = self._read_head(data)
            if self._is_in_head or self._is_broken:
                return
        self.size += len(data)
        if self._held:
            data, self._held = self._held + data, b""
        self._read_frames(data)

    def _read_head(self, data: bytes) -> bytes:
        head, end, rest = (self._held + bytes(data)).partition(b"\r\n\r\n")
        if not end:
            self._held = head
            self._is_broken = len(head) > _LONGEST_HEAD
            return b""
        self._held = b""
        self._is_in_head = False
        first = head.split(b"\r\n", 1)[0].split(b" ")
        if first[0].startswith(b"HTTP/") and len(first) > 1 and first[1].isdigit():
            self.status = int(first[1][:4])
            self._is_broken = self.status != 101
        return b"" if self._is_broken else rest

    def _read_frames(self, data: bytes) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._to_skip:
                step = min(self._to_skip, end - at)
                self._to_skip -= step
                at += step
                continue
            read = self._read_frame(data, at, end)
            if not read:
                self._held = bytes(data[at:])
                return
            at += read

    def _read_frame(self, data: bytes, at: int, end: int) -> int:
        """Read a frame's head; returns its length, 0 if it is not there whole."""
        if end - at < 2:
            return 0
        first, second = data[at], data[at + 1]
        length, size = second & 0x7F, 2
        if length >= 126:
            wide = 2 if length == 126 else 8
            size += wide
            if end - at < size:
                return 0
            length = int.from_bytes(data[at + 2 : at + size], "big")
        mask = at + size
        size += 4 if second & 0x80 else 0
        opcode = first & 0x0F
        if opcode == _CLOSE and length >= 2:
            if end - at < size + 2:
                return 0
            code = bytes(data[at + size : at + size + 2])
            if second & 0x80:
                code = bytes((code[0] ^ data[mask], code[1] ^ data[mask + 1]))
            self.close_code = int.from_bytes(code, "big")
        elif end - at < size:
            return 0
        elif opcode in (1, 2):
            self.messages += 1
        self._to_skip = length
        return size


def _is_whole_message(data: bytes) -> bool:
    """Whether the bytes are one frame of text or binary data: what servers mostly write at once."""
    size = len(data)
    if size < 4 or data[0] & 0x0F not in (1, 2):
        return False
    length = data[1]  # with its mask bit: only frames of clients have it
    if length < 126:
        return size == 2 + length
    return length == 126 and size == 4 + (data[2] << 8 | data[3])
