"""Detects the encoding of a list by its byte-order mark and its bytes."""

import codecs
import io
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Final

from shared.errors import BadInputError

_BLOCK: Final = 1 << 20
_SAMPLE: Final = 4096
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FALLBACK: Final = "cp1252"
NOTICE: Final = (
    "The list is not UTF-8: it was read as Windows-1252. Check names with accents,"
    " or save it as UTF-8."
)


def detect_encoding(file: IO[bytes], *, has_fallback: bool) -> str:
    """Return the encoding of a file, which is then at its beginning again.

    Raises BadInputError INVALID_UTF8 if it is none of ours.
    """
    start = file.read(_SAMPLE)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    encoding = marked or _guess_utf16(start) or "utf-8"
    problem = _find_problem(file, encoding)
    if problem is None:
        return encoding
    if encoding == "utf-8" and has_fallback and _find_problem(file, _FALLBACK) is None:
        return _FALLBACK
    name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
    raise BadInputError(
        f"The list is not valid {name} (byte {problem:#04x}). Save it as UTF-8.",
        code="INVALID_UTF8",
    )


def _guess_utf16(start: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Latin letters and separators is zero."""
    even, odd = start[::2], start[1::2]
    if len(start) < 4:
        return None
    if odd.count(0) > len(odd) * 0.4 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    if even.count(0) > len(even) * 0.4 and odd.count(0) < len(odd) * 0.1:
        return "utf-16-be"
    return None


def _find_problem(file: IO[bytes], encoding: str) -> int | None:
    """Return the first byte that cannot be decoded, None if all can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        return exc.object[exc.start]
    finally:
        file.seek(0)
    return None


@contextmanager
def decoded(
    file: IO[bytes], encoding: str, newline: str | None = None
) -> Generator[io.TextIOWrapper]:
    """Decode without closing the file, which may be closed already if reading was abandoned."""
    text = io.TextIOWrapper(file, encoding=encoding, newline=newline)
    try:
        yield text
    finally:
        if not file.closed:
            text.detach()
