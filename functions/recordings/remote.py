"""A file in Storage that is read in blocks, by range requests: only what is needed of it."""

import io
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.errors import NotFoundError, UnavailableError
from shared.http.tls import verify_for

if TYPE_CHECKING:
    import httpx

_BLOCK: Final = 1 << 20
_MOST_BLOCKS: Final = 16
_SECONDS: Final = 60.0
_PART: Final = re.compile(r"bytes (?P<first>\d{1,18})-\d{1,18}/(?P<total>\d{1,18})")


class RemoteFile(io.RawIOBase):
    """The file at `url`; a few blocks are kept. Used by one thread at a time."""

    def __init__(self, url: str, headers: Mapping[str, str], *, block: int = _BLOCK) -> None:
        import httpx

        self._url = url
        self._client = httpx.Client(headers=headers, timeout=_SECONDS, verify=verify_for(url))
        self._block = block
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0
        self._at = 0

    def begin(self) -> None:
        """Read the first block. Raises NotFoundError RECORDING_NOT_FOUND, UnavailableError."""
        self._read_block(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes, at most the rest of a block; b"" at the end."""
        if size < 0:
            return self.readall()
        number, skipped = divmod(self._at, self._block)
        if self._at >= self._size:
            return b""
        found = self._read_block(number)[skipped : skipped + size]
        self._at += len(found)
        return found

    def close(self) -> None:
        self._client.close()
        super().close()

    def _read_block(self, number: int) -> bytes:
        found = self._blocks.get(number)
        if found is None:
            found = self._fetch(number * self._block)
            self._blocks[number] = found
            if len(self._blocks) > _MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return found

    def _fetch(self, start: int) -> bytes:
        import httpx

        part = f"bytes={start}-{start + self._block - 1}"
        headers = {"range": part, "accept-encoding": "identity"}
        try:
            with self._client.stream("GET", self._url, headers=headers) as response:
                self._check(response)
                return self._read_part(response, start) if response.status_code == 206 else b""
        except httpx.TransportError as exc:
            raise _unavailable() from exc

    def _read_part(self, response: "httpx.Response", start: int) -> bytes:
        """Read a body that must be the part that was asked for. Raises UnavailableError."""
        found = _PART.fullmatch(response.headers.get("content-range", ""))
        if not found or int(found["first"]) != start:
            raise _unavailable()
        self._size = int(found["total"])
        wanted = min(self._block, self._size - start)
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > wanted:
                break
        if len(content) != wanted:
            raise _unavailable()
        return bytes(content)

    def _check(self, response: "httpx.Response") -> None:
        """Raise for answers that are no part; 416 is that of an empty file."""
        if response.status_code in (206, 416):
            return
        if response.status_code >= 500 or response.status_code in (200, 429):
            raise _unavailable()
        raise NotFoundError("The recording is not in Storage.", code="RECORDING_NOT_FOUND")


def _unavailable() -> UnavailableError:
    return UnavailableError("Storage cannot be reached just now.", code="STORAGE_UNAVAILABLE")
