"""Decoding of text files: UTF-8, UTF-16 with or without a mark, else Windows-1252 with a notice."""

import codecs
from typing import Final

from backend.transcripts.turns import TranscriptError

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 4_096
_ZERO_SHARE: Final = 0.3
_NOTICE: Final = (
    "It is not UTF-8 and was read as Windows-1252; look at the accents,"
    " and save it as UTF-8 if they are wrong."
)
_CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\f\r\x1b")


def decode(content: bytes) -> tuple[str, list[str]]:
    """Return the text with `\\n` line ends, and notices. Raises TranscriptError."""
    encoding = _guess(content)
    notices: list[str] = []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as exc:
        if encoding != "utf-8" or not _is_single_byte_text(content):
            line = content.count(b"\n", 0, exc.start) + 1
            raise TranscriptError(f"line {line} is not {encoding} text") from exc
        text = content.decode("cp1252", "replace")
        notices.append(_NOTICE)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), notices


def _guess(content: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return name
    sample = content[:_SAMPLE]
    if sample[1::2].count(0) > len(sample) / 2 * _ZERO_SHARE:
        return "utf-16-le"
    return "utf-16-be" if sample[::2].count(0) > len(sample) / 2 * _ZERO_SHARE else "utf-8"


def _is_single_byte_text(content: bytes) -> bool:
    """False for other files than text, which have control characters."""
    return not _CONTROLS.intersection(content)
