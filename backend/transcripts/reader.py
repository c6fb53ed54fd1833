"""Read a transcript from a file: plain text, JSON, WebVTT or SubRip."""

import codecs
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from backend.transcripts.captions import parse_srt, parse_vtt
from backend.transcripts.segments import parse_json
from backend.transcripts.turns import TranscriptError

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_transcript(path: Path) -> str:
    """Return the conversation as text, one turn a line where speakers are known.

    Raises TranscriptError with file name and line.
    """
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise TranscriptError(f"{path.name}: the name must end in {', '.join(PARSERS)}")
    try:
        text = parse(_read_text(path)).strip()
    except TranscriptError as exc:
        raise TranscriptError(f"{path.name}: {exc}") from exc
    if not text:
        raise TranscriptError(f"{path.name}: contains no words")
    return text


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise TranscriptError(f"cannot be read: {exc.strerror}") from exc
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise TranscriptError(f"line {line} is not {encoding} text") from exc
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse_text(text: str) -> str:
    return text


PARSERS: Final[Mapping[str, Callable[[str], str]]] = {
    ".txt": _parse_text,
    ".json": parse_json,
    ".vtt": parse_vtt,
    ".srt": parse_srt,
}
