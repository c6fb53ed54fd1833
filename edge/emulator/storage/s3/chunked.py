"""Decode bodies of aws-chunked encoding: pieces with signatures of their own, checksums at the end.

SDKs send it for uploads; each piece is checked, and so is the checksum where Python knows it.
"""

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.s3.signature import ALGORITHM, Signature

_EMPTY: Final = hashlib.sha256(b"").hexdigest()
_MAX_LINE: Final = 8 * 1024
_MAX_TRAILERS: Final = 20
_HEADER: Final = re.compile(rb"([0-9a-fA-F]{1,15})(?:;chunk-signature=([0-9a-f]{64}))?")


def _broken(message: str) -> StorageError:
    return StorageError("IncompleteBody", 400, "IncompleteBody", message)


class _Crc32:
    """CRC-32 with the interface of hashlib."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _checksum(name: str) -> Any:
    """Return a hash for a checksum's header; None for one that the standard library lacks."""
    match name.lower().removeprefix("x-amz-checksum-"):
        case "crc32":
            return _Crc32()
        case "sha1":
            return hashlib.sha1(usedforsecurity=False)
        case "sha256":
            return hashlib.sha256()
        case _:
            return None


@dataclass(slots=True)
class _Lines:
    """A stream that is read by lines and by pieces of known size."""

    source: AsyncIterator[bytes]
    _held: bytes = field(default=b"", init=False)

    async def line(self) -> bytes:
        while (end := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _MAX_LINE:
                raise _broken("A chunk's header is too long")
            await self._fill()
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    async def pieces(self, size: int) -> AsyncIterator[bytes]:
        while size > 0:
            if not self._held:
                await self._fill()
            piece, self._held = self._held[:size], self._held[size:]
            size -= len(piece)
            yield piece

    async def _fill(self) -> None:
        data = await anext(self.source, None)
        if data is None:
            raise _broken("The body ended within a chunk")
        self._held += data


@dataclass(slots=True)
class ChunkedBody:
    """The body of a request whose signature is verified; `key` is the signing key."""

    source: AsyncIterator[bytes]
    signature: Signature
    key: bytes
    trailer: str
    declared: int | None
    _lines: _Lines = field(init=False)
    _previous: str = field(init=False)
    _total: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._lines = _Lines(self.source)
        self._previous = self.signature.signature

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the decoded bytes. Raises at the end if they are not what was signed."""
        checksum = _checksum(self.trailer)
        is_signed = "HMAC" in self.signature.payload
        size = 1
        while size:
            size, given = await self._read_header(is_signed=is_signed)
            digest = hashlib.sha256()
            async for piece in self._lines.pieces(size):
                if is_signed:
                    digest.update(piece)
                if checksum:
                    checksum.update(piece)
                self._total += len(piece)
                yield piece
            if is_signed:
                self._check_piece(given, digest.hexdigest())
            if size and await self._lines.line():
                raise _broken("A chunk is longer than its header says")
        if self.declared is not None and self._total != self.declared:
            raise _broken("The body's length is not x-amz-decoded-content-length")
        if self.signature.payload.endswith("-TRAILER"):
            await self._check_trailers(checksum, is_signed=is_signed)

    async def _read_header(self, *, is_signed: bool) -> tuple[int, str]:
        """Return a chunk's size in bytes, and its signature."""
        match = _HEADER.fullmatch(await self._lines.line())
        if match is None or (is_signed and match[2] is None):
            raise _broken("A chunk's header is malformed")
        return int(match[1], 16), (match[2] or b"").decode()

    def _check_piece(self, given: str, digest: str) -> None:
        self._check(f"{ALGORITHM}-PAYLOAD", f"{_EMPTY}\n{digest}", given)

    def _check(self, kind: str, digests: str, given: str) -> None:
        signed = self.signature
        text = f"{kind}\n{signed.date}\n{signed.scope}\n{self._previous}\n{digests}"
        wanted = hmac.digest(self.key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(wanted, given):
            raise storage_error("SignatureDoesNotMatch")
        self._previous = given

    async def _check_trailers(self, checksum: Any, *, is_signed: bool) -> None:
        trailers: dict[str, str] = {}
        while line := await self._lines.line():
            name, _, value = line.decode("latin-1").partition(":")
            trailers[name.strip().lower()] = value.strip()
            if len(trailers) > _MAX_TRAILERS:
                raise _broken("There are too many trailers")
        given = trailers.pop("x-amz-trailer-signature", None)
        if self.trailer and self.trailer.lower() not in trailers:
            raise _broken(f"The trailer {self.trailer} is missing")
        if is_signed:
            text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
            digest = hashlib.sha256(text.encode()).hexdigest()
            self._check(f"{ALGORITHM}-TRAILER", digest, given or "")
        if checksum:
            check_digest(checksum.digest(), trailers[self.trailer.lower()])


def check_digest(digest: bytes, wanted: str) -> None:
    """Raise BadDigest if a digest is not the one that the client sent in base64."""
    if base64.b64encode(digest).decode() != wanted:
        raise storage_error("BadDigest")


async def with_checks(chunks: AsyncIterator[bytes], wanted: dict[str, str]) -> AsyncIterator[bytes]:
    """Yield chunks, and raise BadDigest at the end if they do not match the request's digests.

    `wanted` maps content-md5 and x-amz-checksum-… to base64.
    """
    digests = {
        name: hashlib.md5(usedforsecurity=False) if name == "content-md5" else _checksum(name)
        for name in wanted
    }
    async for chunk in chunks:
        for digest in digests.values():
            if digest:
                digest.update(chunk)
        yield chunk
    for name, digest in digests.items():
        if digest:
            check_digest(digest.digest(), wanted[name])
