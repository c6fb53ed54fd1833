"""Cues of caption files, and the utterances in their text."""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from backend.transcripts.labels import accept_labels, find_label, split_labelled
from backend.transcripts.times import parse_time
from backend.transcripts.turns import Utterance, join_texts, one_line, speaker_name

TIME: Final = r"(?:\d+:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,6})?"
_TIMING: Final = re.compile(rf"\s*(?P<start>{TIME})\s*-->\s*(?P<end>{TIME})(?=\s|$)")
_TAG: Final = re.compile(
    r"</?(?:c|i|b|u|s|ruby|rt|lang|font|span|br)(?:[.\s][^<>]*)?/?>|<\d{1,3}:[\d:.,]+>|\{\\\w+[^}]*\}",
    re.I,
)
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]{0,80})?(?:\s+([^<>]{0,200}))?>|(</v>)", re.I)
_CHANGE: Final = re.compile(r"\s*(?:>>+|»)\s*")
_DASH: Final = re.compile(r"\s*[-\u2013\u2014]\s*(?=\S)")
_CARRIED_LABELS: Final = 2


@dataclass(frozen=True, slots=True)
class Cue:
    """One timed caption: the number of its timing's line, and its lines of text as they stand."""

    line: int
    lines: tuple[str, ...]
    start: str = ""


def find_timing(line: str) -> re.Match[str] | None:
    """Match `00:01.000 --> 00:02.500`, with or without hours, with settings after it."""
    return _TIMING.match(line)


def read_cues(cues: Sequence[Cue]) -> list[Utterance]:
    """Return the utterances: by voice tags, else by labels, dashes and `>>` in the text."""
    spoken = [(cue, *voice) for cue in cues for voice in _read_voices(cue)]
    unnamed = [line for _, speaker, lines in spoken if speaker is None for line in lines]
    accepted = accept_labels(unnamed)
    said = [
        replace(each, start=parse_time(cue.start))
        for cue, speaker, lines in spoken
        for each in _read_lines(speaker, lines, accepted)
    ]
    return _carry_labels(said) if len(accepted) >= _CARRIED_LABELS else said


def _read_voices(cue: Cue) -> Iterator[tuple[str | None, list[str]]]:
    payload = "\n".join(cue.lines).strip()
    if spoken := _read_metadata(payload):
        yield spoken
        return
    speaker, position = None, 0
    for voice in _VOICE.finditer(payload):
        yield from _piece(speaker, payload[position : voice.start()])
        speaker, position = speaker_name(html.unescape(voice[1] or "")), voice.end()
    yield from _piece(speaker, payload[position:])


def _piece(speaker: str | None, markup: str) -> Iterator[tuple[str | None, list[str]]]:
    lines = [_plain(line) for line in markup.split("\n")]
    if any(lines):
        yield speaker, [line for line in lines if line]


def _read_metadata(payload: str) -> tuple[str | None, list[str]] | None:
    """Read a cue whose text is a JSON object, as Teams' transcripts with metadata have."""
    if not payload.startswith("{"):
        return None
    try:
        document = json.loads(payload)
    except ValueError:
        return None
    fields = cast("dict[str, Any]", document)
    said = fields.get("spokenText", fields.get("text"))
    name = fields.get("speakerName", fields.get("speaker"))
    return (speaker_name(name), [one_line(said)]) if isinstance(said, str) else None


def _plain(markup: str) -> str:
    return one_line(html.unescape(_TAG.sub("", markup)).replace("\u200b", ""))


def _read_lines(
    speaker: str | None, lines: list[str], accepted: frozenset[str]
) -> Iterator[Utterance]:
    if speaker is not None:
        yield Utterance(speaker, join_texts(lines))
        return
    group: list[str] = []
    is_dialogue = len(lines) > 1 and all(_DASH.match(line) for line in lines)
    for line in lines:
        change = _CHANGE.match(line) or (_DASH.match(line) if is_dialogue else None)
        if change:
            yield from split_labelled(group, accepted)
            group = []
        group.append(_without_dash(line[change.end() :] if change else line, accepted))
    yield from split_labelled(group, accepted)


def _without_dash(line: str, accepted: frozenset[str]) -> str:
    """Drop a dash before an accepted label."""
    dash = _DASH.match(line)
    label = find_label(line[dash.end() :]) if dash else None
    return line[dash.end() :] if dash and label and label.name in accepted else line


def _carry_labels(said: Sequence[Utterance]) -> list[Utterance]:
    """Give a caption without a label the speaker before: labels stand where the speaker changes."""
    carried: list[Utterance] = []
    speaker: str | None = None
    for utterance in said:
        speaker = utterance.speaker or speaker
        carried.append(Utterance(speaker, utterance.text, utterance.start))
    return carried
