"""Rolling captions, as YouTube generates them: each line is shown two or three times."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from backend.transcripts.captions.cue import Cue

_WORD_TIME: Final = re.compile(r"<\d{1,3}:\d{2}(?::\d{2})?[.,]\d{1,3}>")
_MARKUP: Final = re.compile(r"<[^>]*>")
_ROLLED_SHARE: Final = 0.5
_FEWEST: Final = 3


def unroll(cues: Sequence[Cue]) -> list[Cue]:
    """Drop the lines that repeat the end of the caption before, if the file rolls."""
    if not _is_rolling(cues):
        return list(cues)
    unrolled: list[Cue] = []
    shown: list[str] = []
    for cue in cues:
        lines = [(line, plain) for line in cue.lines if (plain := _plain(line))]
        overlap = _overlap(shown, [plain for _, plain in lines])
        unrolled.append(Cue(cue.line, tuple(line for line, _ in lines[overlap:]), cue.start))
        shown = [plain for _, plain in lines] or shown
    return unrolled


def _is_rolling(cues: Sequence[Cue]) -> bool:
    texts = [[plain for line in cue.lines if (plain := _plain(line))] for cue in cues]
    spoken = [lines for lines in texts if lines]
    overlaps = sum(_overlap(before, after) > 0 for before, after in pairwise(spoken))
    if any(_WORD_TIME.search(line) for cue in cues for line in cue.lines):
        return overlaps > 0
    has_two = any(len(lines) > 1 for lines in spoken)
    return has_two and len(spoken) >= _FEWEST and overlaps >= (len(spoken) - 1) * _ROLLED_SHARE


def _overlap(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many lines at the end of one are those at the beginning of the other."""
    for size in range(min(len(before), len(after)), 0, -1):
        if list(before[-size:]) == list(after[:size]):
            return size
    return 0


def _plain(line: str) -> str:
    return " ".join(_MARKUP.sub("", line).split())
