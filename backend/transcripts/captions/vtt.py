"""WebVTT by the block rules of the W3C's parser (https://www.w3.org/TR/webvtt1/, section 6)."""

import re
from dataclasses import dataclass, field
from typing import Final

from backend.transcripts.captions.cue import Cue, find_timing, read_cues
from backend.transcripts.captions.rolling import unroll
from backend.transcripts.turns import TranscriptError, Utterance

_SIGNATURE: Final = re.compile(r"WEBVTT(?:[ \t].*)?")
_COMMENT: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
_ARROW: Final = "-->"
_SHOWN: Final = 40


@dataclass(slots=True)
class _Parser:
    cues: list[Cue] = field(default_factory=list[Cue])
    notices: list[str] = field(default_factory=list[str])
    is_numbered: bool = False

    def parse(self, lines: list[str]) -> None:
        block: list[tuple[int, str]] = []
        for number, line in enumerate([*lines, ""], start=1):
            if number == 1:
                continue
            if line == "":
                self._close(block)
                block = []
            elif _ARROW in line and any(_ARROW in before for _, before in block):
                self._close(block[:-1] if self._is_counter(block[-1][1]) else block)
                block = [(number, line)]
            else:
                block.append((number, line))

    def _is_counter(self, line: str) -> bool:
        """True for the number of the next cue, where no empty line stands before it."""
        return self.is_numbered and line.strip().isdecimal()

    def _close(self, block: list[tuple[int, str]]) -> None:
        """Add the cue of a block: a line with `-->` and what follows; before it is its name."""
        position = next((i for i, (_, line) in enumerate(block) if _ARROW in line), None)
        if position is None:
            self._close_without_timing(block)
            return
        number, timing = block[position]
        found = find_timing(timing)
        if found is None:
            self.notices.append(f"line {number}: the timing cannot be read; its cue is left out")
            return
        self.is_numbered |= position > 0 and block[position - 1][1].strip().isdecimal()
        text = tuple(line for _, line in block[position + 1 :])
        self.cues.append(Cue(number, text, found["start"]))

    def _close_without_timing(self, block: list[tuple[int, str]]) -> None:
        """Skip comments and styles; text below an empty line after a timing belongs to its cue."""
        if not block or not self.cues or _COMMENT.fullmatch(block[0][1]):
            return
        text = tuple(line for _, line in block)
        last = self.cues[-1]
        if not any(line.strip() for line in last.lines):
            self.cues[-1] = Cue(last.line, text, last.start)
        elif not (len(block) == 1 and text[0].strip().isdecimal()):
            words = " ".join(text)[:_SHOWN]
            self.notices.append(f"line {block[0][0]}: “{words}” stands in no cue and is left out")


def parse_vtt(text: str) -> tuple[list[Utterance], list[str]]:
    """Return the utterances of a WebVTT file, and notices. Raises TranscriptError."""
    lines = text.replace("\0", "\ufffd").split("\n")
    if not _SIGNATURE.fullmatch(lines[0]):
        raise TranscriptError("line 1 must begin with WEBVTT")
    parser = _Parser()
    parser.parse(lines)
    return read_cues(unroll(parser.cues)), parser.notices
