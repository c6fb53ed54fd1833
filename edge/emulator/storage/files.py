"""The files of objects on disk, one for each version.

A file is written under a temporary name and renamed before its row is committed; the file of a
replaced version is removed after. So a crash at any point leaves a whole old or a whole new object,
and at most a file without a row, which `sweep` removes. A path is made of the version, a UUID of
ours, never of an object's name.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID, uuid4

from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.etag import Etag, Md5Etag, UploadEtag

CHUNK: Final = 256 * 1024
_LARGE_CHUNK: Final = 1024 * 1024
_SMALLEST_WRITE: Final = 16 * 1024
_PIECE: Final = 64
"""Bytes of memory that a piece takes besides its own."""
_TEMPORARY: Final = "tmp"
_ORPHAN_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in place: its version, size in bytes and ETag in quotes."""

    version: str
    size: int
    etag: str


@dataclass(slots=True)
class _Incoming:
    """A file that is being written."""

    path: Path
    limit: int
    etag: Etag = field(default_factory=Md5Etag)
    size: int = 0
    file: BinaryIO | None = None

    def write(self, pieces: list[bytes]) -> None:
        """Append, count and hash bytes. Raises EntityTooLarge."""
        self.size += sum(map(len, pieces))
        if self.size > self.limit:
            raise storage_error("EntityTooLarge")
        for data in _join_small(pieces):
            self.etag.update(data)
            self.append(data)

    def append(self, data: bytes) -> None:
        """Append bytes; the first call creates the file."""
        file = self.file = self.file or self.path.open("xb", buffering=0)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]

    def finish(self, *, durable: bool) -> None:
        if self.file and durable:
            os.fsync(self.file.fileno())
        if self.file:
            self.file.close()

    def discard(self) -> None:
        if self.file:
            self.file.close()
        self.path.unlink(missing_ok=True)


class FileStore:
    """Write, read, link and remove files below `folder`."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._durable = durable
        (folder / _TEMPORARY).mkdir(parents=True, exist_ok=True, mode=0o700)

    async def write(
        self, chunks: AsyncIterator[bytes], limit: int, etag: Etag | None = None
    ) -> StoredFile:
        """Write a stream to a new version. Raises EntityTooLarge beyond `limit` bytes.

        `etag` hashes it, by default with MD5.
        """
        version = str(uuid4())
        incoming = _Incoming(self._folder / _TEMPORARY / version, limit, etag or Md5Etag())
        writing: asyncio.Task[None] | None = None  # meanwhile the next bytes arrive
        try:
            pieces: list[bytes] = []
            is_last = False
            async for pieces, is_last in _collect(chunks):
                if writing:
                    await asyncio.shield(writing)
                writing = None
                if not is_last:
                    writing = asyncio.create_task(asyncio.to_thread(incoming.write, pieces))
            # The rest in one step: a small file is one call of a thread.
            await asyncio.to_thread(self._place, incoming, pieces if is_last else [], version)
        except BaseException:
            if writing:
                await asyncio.wait({writing})
            await asyncio.to_thread(incoming.discard)
            raise
        return StoredFile(version, incoming.size, incoming.etag.render())

    def describe(self, data: bytes) -> StoredFile:
        """Return what a new version of these bytes will be; `place` writes it."""
        etag = Md5Etag()
        etag.update(data)
        return StoredFile(str(uuid4()), len(data), etag.render())

    async def place(self, version: str, data: bytes) -> None:
        """Write a file whole; with fsync in a thread, otherwise it is in the kernel's cache."""
        if self._durable:
            await asyncio.to_thread(self._place_whole, version, data)
        else:
            self._place_whole(version, data)

    async def adopt(self, path: Path, version: str) -> StoredFile:
        """Move a complete file in as a version, and hash it."""
        return await asyncio.to_thread(self._adopt, path, version)

    async def copy(self, version: str) -> str:
        """Create another version of the same bytes; returns it. Raises FileMissing."""
        new = str(uuid4())
        await asyncio.to_thread(self._link, version, new)
        return new

    async def remove(self, versions: Collection[str | None]) -> None:
        """Remove the files of versions that no row has any more."""
        await asyncio.to_thread(self._remove, [version for version in versions if version])

    async def remove_former(self, version: str, size: str) -> None:
        """Remove a version's file; one that is small by its row's `size` takes no thread."""
        if size.isascii() and size.isdecimal() and len(size) < 10 and int(size) <= CHUNK:
            self._remove([version])
        else:
            await self.remove([version])

    async def read(self, version: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield `length` bytes from `start` in chunks. Raises FileMissing."""
        file, data = await asyncio.to_thread(self._open, version, start, min(CHUNK, length))
        try:
            while data:
                length -= len(data)
                yield data
                data = (
                    b""
                    if length <= 0
                    else await asyncio.to_thread(file.read, min(_LARGE_CHUNK, length))
                )
        finally:
            file.close()

    async def read_small(self, version: str | None) -> bytes | int:
        """Return the bytes of a file up to 256 KB, the size of a larger one. Raises FileMissing."""
        return await asyncio.to_thread(self._read_small, self.path(version or ""))

    async def size(self, version: str | None) -> int:
        """Return the size of a file in bytes. Raises FileMissing."""
        path = self.path(version or "")
        try:
            return (await asyncio.to_thread(path.stat)).st_size
        except OSError as exc:
            raise storage_error("FileMissing") from exc

    def path(self, version: str) -> Path:
        """Return a version's path. Raises FileMissing for what is no UUID."""
        try:
            name = str(UUID(version))
        except ValueError as exc:
            raise storage_error("FileMissing") from exc
        return self._folder / name[:2] / name

    def sweep(self, known: Collection[str]) -> int:
        """Remove files older than an hour that no row names; returns how many."""
        removed, oldest = 0, time.time() - _ORPHAN_SECONDS
        for path in self._files():
            with suppress(OSError):
                if path.name not in known and path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
        return removed

    def _files(self) -> Iterator[Path]:
        yield from self._folder.glob("??/*")
        yield from self._folder.glob(f"{_TEMPORARY}/*")

    def _place(self, incoming: _Incoming, pieces: list[bytes], version: str) -> None:
        incoming.write(pieces or [b""])
        self._move_in(incoming, version)

    def _place_whole(self, version: str, data: bytes) -> None:
        incoming = _Incoming(self._folder / _TEMPORARY / version, len(data))
        try:
            incoming.append(data)
            self._move_in(incoming, version)
        except BaseException:  # a full disk is not filled with parts of files
            incoming.discard()
            raise

    def _move_in(self, incoming: _Incoming, version: str) -> None:
        incoming.finish(durable=self._durable)
        path = self.path(version)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        incoming.path.rename(path)
        if self._durable:
            _sync_folder(path.parent)

    def _adopt(self, source: Path, version: str) -> StoredFile:
        etag = UploadEtag(source.stat().st_size)
        with source.open("rb", buffering=0) as file:
            while data := file.read(CHUNK):
                etag.update(data)
            if self._durable:
                os.fsync(file.fileno())
            size = file.tell()
        path = self.path(version)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.utime(source)
        source.rename(path)
        if self._durable:
            _sync_folder(path.parent)
        return StoredFile(version, size, etag.render())

    def _link(self, version: str, new: str) -> None:
        path = self.path(new)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            os.link(self.path(version), path)
            os.utime(path)  # so that a sweep takes it for new
        except FileNotFoundError as exc:
            raise storage_error("FileMissing") from exc

    def _remove(self, versions: list[str]) -> None:
        for version in versions:
            with suppress(OSError, StorageError):  # a row made by SQL may name what is no file
                self.path(version).unlink()

    def _read_small(self, path: Path) -> bytes | int:
        try:
            with path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                return size if size > CHUNK else file.read(CHUNK)
        except OSError as exc:
            raise storage_error("FileMissing") from exc

    def _open(self, version: str, start: int, length: int) -> tuple[BinaryIO, bytes]:
        """Open a file and read its first bytes from `start`."""
        try:
            file = self.path(version).open("rb", buffering=0)
        except OSError as exc:
            raise storage_error("FileMissing") from exc
        file.seek(start)
        return file, file.read(length)


async def _collect(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[list[bytes], bool]]:
    """Collect about 1 MB of memory, so that few threads are called; yields also which is the last.

    Pieces may be as small as a client sends them.
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in chunks:
        pieces.append(piece)
        size += len(piece) + _PIECE
        if size >= _LARGE_CHUNK:
            yield pieces, False
            pieces, size = [], 0
    yield pieces, True


def _join_small(pieces: list[bytes]) -> list[bytes]:
    """Return pieces of which each is worth a system call."""
    is_small = sum(map(len, pieces)) < len(pieces) * _SMALLEST_WRITE
    return [b"".join(pieces)] if is_small else pieces


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
