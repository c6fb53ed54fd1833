"""Classification of transcript lines: speech, speaker labels, gaps, file format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_PHYSICAL_LINE = re.compile(r"[^\r\n]+|\r\n|\n|\r")
_GAP = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|…)\s*$")
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_FORMAT = re.compile(r"\s*(?:WEBVTT\b.*|(?:NOTE|STYLE|REGION)\b[^:]*|\d{1,6})$")
_LEAD = re.compile(
    rf"\s*(?:[\[(]?{_TIME}(?:\s*[-\u2013]\s*{_TIME})?[\])]?\s*[-\u2013|]?\s*)?"
    r"(?P<marker>(?:[-*\u2022\u2013—>]\s+|\d{1,3}[.)]\s+)?)"
)
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^>\n]{1,60})>")
_NAME = r"[^\W\d_][\w.'\u2019&-]*(?:[ ][\w.'\u2019&-]+){0,3}"
_ASIDE = r"(?:\s*[\[(][^\])\n]{1,40}[\])])?"
_LABEL = re.compile(rf"(?P<name>{_NAME}){_ASIDE}\s*(?::(?=\s|$)|\uff1a)")
_INLINE_LABEL = re.compile(
    rf"(?<=[.!?…\"\u201d')\]]\s)(?P<name>{_NAME}){_ASIDE}\s*(?::(?=\s)|\uff1a)"
)
_HEADING = re.compile(rf"(?P<name>{_NAME})\s+[\[(]?{_TIME}[\])]?\s*$")


class LineKind(Enum):
    """Kinds of physical line."""

    SPEECH = auto()
    BLANK = auto()
    FORMAT = auto()
    GAP = auto()


@dataclass(frozen=True, slots=True)
class Label:
    """A candidate speaker name; its speech begins at `end`."""

    name: str
    start: int
    end: int
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line; `start`..`end` is its speech without timestamps and list markers."""

    kind: LineKind
    start: int
    end: int
    is_item: bool = False
    labels: tuple[Label, ...] = ()


def scan_lines(text: str) -> Iterator[Line]:
    """Yield every line of the text in order."""
    previous_ended = True
    for match in _PHYSICAL_LINE.finditer(text):
        if match.group()[0] in "\r\n":
            if previous_ended:
                yield Line(LineKind.BLANK, match.start(), match.end())
            previous_ended = True
            continue
        previous_ended = False
        yield _classify(text, match.start(), match.end())


def _classify(text: str, start: int, end: int) -> Line:
    content = text[start:end]
    if not content.strip():
        return Line(LineKind.BLANK, start, end)
    if _GAP.match(content):
        return Line(LineKind.GAP, start, end)
    if _TIMING.match(content) or _FORMAT.match(content):
        return Line(LineKind.FORMAT, start, end)
    return _read_speech(text, start, end)


def _read_speech(text: str, start: int, end: int) -> Line:
    voice = _VOICE.match(text, start, end)
    if voice:
        closing = text.find("</v>", voice.end(), end)
        label = Label(voice.group(1).strip(), voice.start(), voice.end())
        return Line(LineKind.SPEECH, voice.end(), closing if closing >= 0 else end, labels=(label,))
    heading = _HEADING.match(text, start, end)
    if heading:
        return Line(LineKind.SPEECH, end, end, labels=(Label(heading.group("name"), start, end),))
    lead = _LEAD.match(text, start, end)
    begin = lead.end() if lead else start
    is_item = bool(lead and lead.group("marker"))
    return Line(LineKind.SPEECH, begin, end, is_item, tuple(_find_labels(text, begin, end)))


def _find_labels(text: str, start: int, end: int) -> Iterator[Label]:
    first = _LABEL.match(text, start, end)
    if first:
        yield Label(first.group("name"), first.start(), first.end())
    if ":" not in text[start:end] and "\uff1a" not in text[start:end]:
        return
    for match in _INLINE_LABEL.finditer(text, start, end):
        yield Label(match.group("name"), match.start(), match.end(), is_inline=True)
