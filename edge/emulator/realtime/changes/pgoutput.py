"""Decode the messages of Postgres's plugin pgoutput, version 1. Pure.

See "Logical Replication Message Formats" in Postgres's documentation.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Unchanged:
    """A large value that an update did not change, and that is not in the log."""


UNCHANGED: Final = Unchanged()
Value = str | None | Unchanged
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name, type, and whether it is of the replica identity."""

    name: str
    type_oid: int
    type_modifier: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as the log describes it, before its first change and after each of its own."""

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    end_lsn: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row's change; `old` has the replica identity of an update or delete, if it is logged."""

    kind: str
    relation_oid: int
    new: Row | None
    old: Row | None


Message = Relation | Begin | Commit | Change | None


class _Reader:
    """Reads a message from its start."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 1

    def unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._data, self._position)
        self._position += struct.calcsize(layout)
        return values

    def text(self) -> str:
        end = self._data.index(b"\0", self._position)
        text = self._data[self._position : end].decode()
        self._position = end + 1
        return text

    def take(self, size: int) -> bytes:
        self._position += size
        return self._data[self._position - size : self._position]

    def row(self) -> Row:
        (count,) = self.unpack(">h")
        return tuple(self._value() for _ in range(count))

    def _value(self) -> Value:
        kind = self.take(1)
        if kind == b"n":
            return None
        if kind == b"u":
            return UNCHANGED
        (size,) = self.unpack(">i")
        return self.take(size).decode()


def decode(data: bytes) -> Message:
    """Return a message; None for kinds that say nothing about rows."""
    reader = _Reader(data)
    match data[:1]:
        case b"B":
            _, microseconds, _ = reader.unpack(">qqi")
            return Begin(_EPOCH + timedelta(microseconds=microseconds))
        case b"C":
            _, _, end, _ = reader.unpack(">bqqq")
            return Commit(end)
        case b"R":
            return _decode_relation(reader)
        case b"I" | b"U" | b"D":
            return _decode_change(data[:1], reader)
        case _:
            return None


def _decode_relation(reader: _Reader) -> Relation:
    (oid,) = reader.unpack(">I")
    schema, name = reader.text(), reader.text()
    _, count = reader.unpack(">bh")
    columns: list[Column] = []
    for _ in range(count):
        (flags,) = reader.unpack(">b")
        column = reader.text()
        type_oid, modifier = reader.unpack(">Ii")
        columns.append(Column(column, type_oid, modifier, bool(flags & 1)))
    return Relation(oid, schema or "pg_catalog", name, tuple(columns))


def _decode_change(kind: bytes, reader: _Reader) -> Change:
    (oid,) = reader.unpack(">I")
    old: Row | None = None
    new: Row | None = None
    part = reader.take(1)
    if part in (b"K", b"O"):
        old = reader.row()
        part = reader.take(1) if kind == b"U" else b""
    if part == b"N":
        new = reader.row()
    names = {b"I": "INSERT", b"U": "UPDATE", b"D": "DELETE"}
    return Change(names[kind], oid, new, old)


def render_status(lsn: int, moment: datetime) -> bytes:
    """Return the feedback that everything up to `lsn` was received and applied."""
    microseconds = int((moment - _EPOCH).total_seconds() * 1_000_000)
    return b"r" + struct.pack(">QQQQb", lsn, lsn, lsn, microseconds, 0)


def parse_copy(data: bytes) -> tuple[bytes, int, bool]:
    """Return a copy message's payload, the server's position, and whether it wants feedback.

    A keepalive has no payload.
    """
    if data[:1] == b"w":
        _, end, _ = struct.unpack_from(">QQQ", data, 1)
        return data[25:], end, False
    if data[:1] == b"k":
        end, _, wants = struct.unpack_from(">QQB", data, 1)
        return b"", end, bool(wants)
    return b"", 0, False


def quote_names(names: Sequence[str]) -> str:
    """Return identifiers, quoted and joined."""
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)
