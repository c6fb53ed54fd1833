"""SubRip: a counter, a timing, and text up to the next counter and timing."""

import re
from typing import Final

from backend.transcripts.captions.cue import Cue, find_timing, read_cues
from backend.transcripts.captions.rolling import unroll
from backend.transcripts.turns import TranscriptError, Utterance

_TIMING_LIKE: Final = re.compile(r"\s*\d+:\d{2}\S*(?:\s*[-=]*>.*)?|.*\d\s*-+>\s*\d.*")


def parse_srt(text: str) -> tuple[list[Utterance], list[str]]:
    """Return the utterances of a SubRip file, and notices. Raises TranscriptError."""
    lines = text.split("\n")
    timings = [number for number, line in enumerate(lines) if find_timing(line)]
    if not timings:
        raise TranscriptError(f"line {_first_line(lines)}: {_MISSING}")
    _check_lines(lines, 0, timings[0])
    cues = list(_read_cues(lines, timings))
    return read_cues(unroll(cues)), []


_MISSING: Final = "a timing like 00:00:01,000 --> 00:00:02,500 is missing here"


def _first_line(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines, start=1) if line.strip()), 1)


def _read_cues(lines: list[str], timings: list[int]) -> list[Cue]:
    cues: list[Cue] = []
    for position, number in enumerate(timings):
        following = timings[position + 1] if position + 1 < len(timings) else len(lines)
        end = following
        if following < len(lines) and lines[following - 1].strip().isdecimal():
            end = max(number + 1, following - 1)
        if following == len(lines):
            end = _without_counter(lines, number + 1)
        _check_lines(lines, number + 1, end)
        found = find_timing(lines[number])
        start = found["start"] if found else ""
        cues.append(Cue(number + 1, tuple(lines[number + 1 : end]), start))
    return cues


def _without_counter(lines: list[str], start: int) -> int:
    """Return where the last cue's text ends: before the counter of one that is not there."""
    filled = [number for number in range(start, len(lines)) if lines[number].strip()]
    if not filled:
        return len(lines)
    last = filled[-1]
    is_counter = lines[last].strip().isdecimal() and not lines[last - 1].strip()
    return last if is_counter and last > start else len(lines)


def _check_lines(lines: list[str], start: int, end: int) -> None:
    """Raise for a cue whose timing is broken: its numbers would be taken for words."""
    for number in range(start, end - 1):
        is_counter = lines[number].strip().isdecimal() and not lines[number - 1].strip()
        is_first = number == start == 0
        if (is_counter or is_first) and _TIMING_LIKE.fullmatch(lines[number + 1]):
            raise TranscriptError(f"line {number + 1}: {_MISSING}")
