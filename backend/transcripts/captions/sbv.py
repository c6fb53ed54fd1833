"""SubViewer, as YouTube and Google Meet write it: `0:00:01.000,0:00:04.000` above the text."""

import re
from typing import Final

from backend.transcripts.captions.cue import TIME, Cue, read_cues
from backend.transcripts.captions.rolling import unroll
from backend.transcripts.turns import TranscriptError, Utterance

TIMING: Final = re.compile(rf"\s*(?P<start>{TIME.replace('.,', '.')})\s*,\s*{TIME}\s*")


def parse_sbv(text: str) -> tuple[list[Utterance], list[str]]:
    """Return the utterances of a SubViewer file, and notices. Raises TranscriptError."""
    starts: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if timing := TIMING.fullmatch(line):
            starts.append((number, timing["start"], []))
        elif line.strip():
            if not starts:
                message = f"line {number}: a timing like 0:00:01.000,0:00:02.500 is missing here"
                raise TranscriptError(message)
            starts[-1][2].extend(line.replace("[br]", "\n").split("\n"))
    cues = [Cue(number, tuple(lines), start) for number, start, lines in starts]
    return read_cues(unroll(cues)), []
