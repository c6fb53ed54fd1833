"""Parsers of WebVTT (W3C) and SubRip: timed cues to turns."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backend.transcripts.turns import TranscriptError, Utterance, render_turns

_TIME: Final = r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING: Final = re.compile(rf"^\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?$")
_NO_CUES: Final = ("NOTE", "STYLE", "REGION")
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG: Final = re.compile(r"</?[A-Za-z0-9:.][^>]*>")
_LABEL: Final = re.compile(r"^([^\W\d_][\w .'()-]{0,40}):\s+(.+)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    lines: tuple[str, ...]


def parse_vtt(text: str) -> str:
    """Return the turns of a WebVTT file as text. Raises TranscriptError."""
    blocks = list(_blocks(text))
    if not blocks or not blocks[0].lines[0].startswith("WEBVTT"):
        raise TranscriptError("line 1 must begin with WEBVTT")
    cues = (block for block in blocks[1:] if not block.lines[0].startswith(_NO_CUES))
    return render_turns(said for cue in cues for said in _utterances(cue))


def parse_srt(text: str) -> str:
    """Return the turns of a SubRip file as text. Raises TranscriptError."""
    return render_turns(said for cue in _blocks(text) for said in _utterances(cue))


def _blocks(text: str) -> Iterator[_Block]:
    """Split the text at empty lines."""
    start, lines = 1, list[str]()
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield _Block(start, tuple(lines))
            lines = []


def _utterances(cue: _Block) -> Iterator[Utterance]:
    """Yield the utterances below the cue's timing, which is its first or second line."""
    for position, line in enumerate(cue.lines[:2]):
        if _TIMING.match(line):
            yield from _voices(" ".join(cue.lines[position + 1 :]))
            return
    raise TranscriptError(f"line {cue.line}: a timing like 00:01.000 --> 00:02.500 is missing here")


def _voices(payload: str) -> Iterator[Utterance]:
    """Parse `<v Name>words` (one or more), `Name: words`, or words without a speaker."""
    before, *voiced = _VOICE.split(payload)
    if words := _plain(before):
        label = _LABEL.match(words)
        yield Utterance(label[1], label[2]) if label else Utterance(None, words)
    for name, said in zip(voiced[::2], voiced[1::2], strict=True):
        yield Utterance(html.unescape(name).strip(), _plain(said))


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", markup)).split())
