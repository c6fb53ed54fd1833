"""Content-Encoding of request bodies: gzip and deflate, decoded no further than asked for."""

import zlib
from typing import Final

from shared.errors import BadInputError, UnsupportedMediaError

_GZIP: Final = 16 + zlib.MAX_WBITS
_IDENTITY: Final = ("", "identity")
_RAW_DEFLATE: Final = -zlib.MAX_WBITS


class BodyDecoder:
    """Decodes a body piece by piece; raises UnsupportedMediaError for other encodings."""

    def __init__(self, content_encoding: str) -> None:
        self._name = content_encoding.strip().lower()
        self._inflate = None
        if self._name in {"gzip", "x-gzip"}:
            self._inflate = zlib.decompressobj(_GZIP)
        elif self._name == "deflate":
            self._inflate = zlib.decompressobj()
        elif self._name not in _IDENTITY:
            raise UnsupportedMediaError(
                "The body's Content-Encoding must be gzip, deflate or none.",
                code="UNSUPPORTED_CONTENT_ENCODING",
            )
        self._is_first = True

    def decode(self, chunk: bytes, most: int) -> bytes:
        """Return what `chunk` adds to the body, `most` bytes of it at most."""
        if self._inflate is None:
            return chunk[:most]
        try:
            return self._decompress(chunk, most)
        except zlib.error as exc:
            raise self._invalid() from exc

    def finish(self) -> None:
        """Raise BadInputError if the encoded body is cut off or goes on after its end."""
        if self._inflate and (not self._inflate.eof or self._inflate.unused_data):
            raise self._invalid()

    def _decompress(self, chunk: bytes, most: int) -> bytes:
        assert self._inflate is not None
        # "deflate" is zlib's format, but some clients send it without zlib's header.
        if self._is_first and chunk:
            self._is_first = False
            if self._name == "deflate" and not _has_zlib_header(chunk):
                self._inflate = zlib.decompressobj(_RAW_DEFLATE)
        return self._inflate.decompress(chunk, most)

    def _invalid(self) -> BadInputError:
        return BadInputError(f"The body is not valid {self._name}.", code="INVALID_ENCODING")


def _has_zlib_header(data: bytes) -> bool:
    return data[0] & 0x0F == zlib.DEFLATED and (
        len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0
    )
