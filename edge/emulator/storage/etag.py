"""ETags of files: the MD5 of a small one, and of a large one a hash with the number of its parts.

The platform sends an upload of more than 5 MB to S3 in parts, and S3's ETag is then no MD5 but
`hash-parts`. An ETag of that shape may come from a hash that takes a thirtieth of MD5's time.
"""

import hashlib
from typing import Any, Final, Protocol

PART: Final = 5 * 1024 * 1024


class Etag(Protocol):
    """Hashes a file's bytes; `render` returns its ETag in quotes."""

    def update(self, data: bytes) -> None: ...
    def render(self) -> str: ...


class Md5Etag:
    """The MD5 of all bytes, which clients of the S3 protocol compare with their own."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes) -> None:
        self._md5.update(data)

    def render(self) -> str:
        return f'"{self._md5.hexdigest()}"'


class UploadEtag:
    """The MD5 up to 5 MB; beyond, XXH3 with 128 bits and the number of parts of 5 MB.

    A file whose declared `size` is beyond is not hashed by MD5 at all.
    """

    def __init__(self, size: int | None = None) -> None:
        import xxhash  # when it is needed: the stack starts without

        self._md5 = None if size is not None and size > PART else Md5Etag()
        self._hash: Any = xxhash.xxh3_128()
        self._size = 0

    def update(self, data: bytes) -> None:
        self._size += len(data)
        self._hash.update(data)
        if self._md5 and self._size <= PART:
            self._md5.update(data)

    def render(self) -> str:
        if self._md5 and self._size <= PART:
            return self._md5.render()
        return f'"{self._hash.hexdigest()}-{max(1, -(-self._size // PART))}"'
