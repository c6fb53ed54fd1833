"""Resumable uploads on disk: the bytes so far, and beside them what they will become.

The offset is the size of the file, so that it survives a restart.
"""

import asyncio
import base64
import binascii
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from edge.emulator.storage.files import FileStore, StoredFile

EXPIRES_AFTER: Final = 24 * 3600.0
_INFO: Final = ".json"


@dataclass(frozen=True, slots=True)
class Pending:
    """An upload that was begun; `length` in bytes is None until it is known."""

    version: str
    bucket_id: str
    name: str
    upsert: bool
    owner: str | None
    length: int | None
    content_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    header: str
    created: float

    @property
    def id(self) -> str:
        """The last part of the upload's URL: bucket, name and version in base64."""
        text = f"{self.bucket_id}/{self.name}/{self.version}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @property
    def key(self) -> str:
        """Bucket and name."""
        return f"{self.bucket_id}/{self.name}"


def decode_id(text: str) -> str | None:
    """Return the version of an upload's id; None for what is no id."""
    try:
        parts = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("/")
    except (binascii.Error, ValueError):
        return None
    return parts[-1] if len(parts) > 2 else None


class ResumableStore:
    """The uploads that are not finished, in a folder of their own."""

    def __init__(self, folder: Path, files: FileStore) -> None:
        self._folder = folder
        self._files = files
        self._writers: dict[str, asyncio.Event] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def create(self, pending: Pending) -> None:
        await asyncio.to_thread(self._save, pending)
        await asyncio.to_thread(self._data(pending.version).touch)

    async def find(self, version: str) -> tuple[Pending, int] | None:
        """Return an upload and its offset in bytes; None if there is none, or it has expired."""
        return await asyncio.to_thread(self._find, version)

    async def set_length(self, pending: Pending) -> None:
        await asyncio.to_thread(self._save, pending)

    async def append(self, pending: Pending, chunks: AsyncIterator[bytes], limit: int) -> int:
        """Append a request's bytes; returns the offset. Raises ValueError over `limit` bytes.

        A later request for the same upload stops an earlier one that is still sending.
        """
        stop = await self._take_over(pending.version)
        try:
            return await self._append(self._data(pending.version), _until(stop, chunks), limit)
        finally:
            if self._writers.get(pending.version) is stop:
                del self._writers[pending.version]

    async def finish(self, pending: Pending) -> StoredFile:
        """Put the file in its place, and remember the upload as finished."""
        return await self._files.adopt(self._data(pending.version), pending.version)

    async def remove(self, version: str) -> None:
        for path in (self._data(version), self._info(version)):
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def sweep(self) -> int:
        """Remove uploads that have expired; returns how many files went."""
        removed, oldest = 0, time.time() - EXPIRES_AFTER
        for path in self._folder.iterdir():
            info = path if path.suffix == _INFO else self._info(path.name)
            with suppress(OSError):
                begun = info.stat() if info.exists() else path.stat()
                if max(begun.st_mtime, path.stat().st_mtime) < oldest:
                    path.unlink()
                    removed += 1
        return removed

    async def _take_over(self, version: str) -> asyncio.Event:
        earlier = self._writers.get(version)
        stop = self._writers[version] = asyncio.Event()
        if earlier:
            earlier.set()
            await asyncio.sleep(0)
        return stop

    async def _append(self, path: Path, chunks: AsyncIterator[bytes], limit: int) -> int:
        file = await asyncio.to_thread(path.open, "ab", 0)
        try:
            offset = file.tell()
            async for chunk in chunks:
                offset += len(chunk)
                if offset > limit:
                    raise ValueError
                await asyncio.to_thread(file.write, chunk)
            return offset
        finally:
            file.close()

    def _data(self, version: str) -> Path:
        return self._folder / version

    def _info(self, version: str) -> Path:
        return self._folder / f"{version}{_INFO}"

    def _save(self, pending: Pending) -> None:
        temporary = self._info(f"{pending.version}.new")
        temporary.write_text(json.dumps(asdict(pending)))
        temporary.rename(self._info(pending.version))

    def _find(self, version: str) -> tuple[Pending, int] | None:
        if not version.replace("-", "").isalnum():
            return None
        try:
            pending = Pending(**json.loads(self._info(version).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        if pending.created + EXPIRES_AFTER < time.time():
            return None
        try:
            return pending, os.stat(self._data(version)).st_size
        except OSError:  # finished: the file is in its place
            return pending, pending.length or 0


async def _until(stop: asyncio.Event, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks until `stop` is set, also while none arrives."""
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while True:
            reading = asyncio.ensure_future(anext(chunks, None))
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return
            chunk = reading.result()
            if chunk is None:
                return
            yield chunk
    finally:
        stopping.cancel()
