"""The transcript in a recording's tags: what the stand-in for a transcription model reads.

Tag `lyrics` (ID3's USLT, MP4's ©lyr, Vorbis' LYRICS) holds WebVTT, lines `[mm:ss.xx] Name: words`,
or lines `Name: words` without times. Tag `start` says where in the recording the file begins. With
a tag `channel` the file is one channel of it: words that are said while it is silent are not in it.
"""

import importlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_LONGEST: Final = 1 << 20
_MOST_CUES: Final = 5_000
_OPTIONS: Final = {
    "protocol_whitelist": "file",
    "format_whitelist": "aac,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,wav",
}
_TIMING: Final = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")
_CLOCK: Final = re.compile(r"\[(\d+):(\d\d(?:\.\d+)?)\]\s*(.*)")
_VOICE: Final = re.compile(r"<v(?:\.[^ >]+)?\s+([^>]{1,60})>(.*)", re.S)
_LABEL: Final = re.compile(r"([^\s:][^:\n]{0,59}):\s+(\S.*)", re.S)
_MARKUP: Final = re.compile(r"<[^>]*>")
_SECONDS_A_WORD: Final = 0.4
_QUIET: Final = 0.1
_LEAST_HEARD: Final = 0.2


class NoTranscriptError(Exception):
    """The file is sound, but holds no transcript."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words of a speaker; times are in seconds of the file."""

    speaker: str | None
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Embedded:
    """The cues within a file, and its length in seconds."""

    cues: list[Cue]
    duration: float


def read_embedded(content: bytes) -> Embedded:
    """Read a recording's transcript. Raises ValueError for no sound, NoTranscriptError."""
    av: Any = importlib.import_module("av")
    try:
        container: Any = av.open(io.BytesIO(content), metadata_errors="replace", options=_OPTIONS)
    except (av.FFmpegError, ValueError) as exc:
        raise ValueError("no sound") from exc
    with container:
        if not container.streams.audio:
            raise ValueError("no sound")
        sound = container.streams.audio[0]
        duration = float(container.duration or 0) / 1_000_000
        tags = {**_lower(sound.metadata), **_lower(container.metadata)}
        loud = _find_loud(container) if tags.get("channel") else None
    text = next((tags[name] for name in tags if name.partition("-")[0] == "lyrics"), "")
    if not text.strip():
        raise NoTranscriptError
    start = _number(tags.get("start", ""))
    cues = _cut(parse_cues(text[:_LONGEST]), start, start + duration)
    if loud is not None:
        cues = [cue for cue in cues if _is_heard(cue, loud)]
    return Embedded(cues, duration)


def _find_loud(container: Any) -> "list[bool]":
    """Return for each tenth of a second whether there is sound, against the loudest of the file.

    Raises ValueError if it cannot be decoded.
    """
    import numpy as np

    av: Any = importlib.import_module("av")
    waiting: Any = av.AudioFifo()
    loudness: list[float] = []
    try:
        for frame in container.decode(audio=0):
            frame.pts = None  # gaps do not matter here
            waiting.write(frame)
            if waiting.samples >= frame.sample_rate * 10:
                loudness += _measure(waiting.read(frame.sample_rate * 10), np)
    except av.FFmpegError as exc:
        raise ValueError("no sound") from exc
    if waiting.samples:
        loudness += _measure(waiting.read(), np)
    least = max(loudness, default=0.0) * _QUIET
    return [each > least for each in loudness]


def _measure(block: Any, np: Any) -> "list[float]":
    """Return the mean of each tenth of a second of the first channel, and of what is left."""
    samples: Any = np.abs(block.to_ndarray()[0].astype(np.float32))
    tenth = max(1, block.sample_rate // 10)
    return list(np.add.reduceat(samples, np.arange(0, len(samples), tenth)) / tenth)


def _is_heard(cue: Cue, loud: "list[bool]") -> bool:
    tenths = loud[int(cue.start * 10) : max(int(cue.end * 10), int(cue.start * 10) + 1)]
    return sum(tenths) > len(tenths) * _LEAST_HEARD


def parse_cues(text: str) -> list[Cue]:
    """Return the cues of a transcript in one of the three forms, at most 5,000."""
    if text.lstrip("\ufeff").startswith("WEBVTT"):
        return _parse_vtt(text)[:_MOST_CUES]
    lines = [line.strip() for line in text.splitlines() if line.strip()][:_MOST_CUES]
    cues: list[Cue] = []
    moment = 0.0
    for line in lines:
        clocked = _CLOCK.fullmatch(line)
        if clocked:
            moment = int(clocked[1]) * 60 + float(clocked[2])
            line = clocked[3]
        end = moment + len(line.split()) * _SECONDS_A_WORD
        cues.append(_label(line, moment, end))
        moment = end
    return [cue for cue in cues if cue.text]


def _parse_vtt(text: str) -> list[Cue]:
    cues: list[Cue] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = block.strip().split("\n")
        at = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if at is None:
            continue
        times = _TIMING.findall(lines[at])
        words = "\n".join(lines[at + 1 :]).strip()
        if len(times) < 2 or not words:
            continue
        start, end = (
            int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(milli) / 1000
            for hours, minutes, seconds, milli in times[:2]
        )
        voice = _VOICE.match(words)
        if voice:
            cues.append(Cue(voice[1].strip(), _plain(voice[2]), start, end))
        else:
            cues.append(_label(_plain(words), start, end))
    return cues


def _label(line: str, start: float, end: float) -> Cue:
    found = _LABEL.fullmatch(line)
    return Cue(found[1], found[2], start, end) if found else Cue(None, line, start, end)


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub("", text).split())


def _cut(cues: list[Cue], start: float, end: float) -> list[Cue]:
    """Return the cues that begin within the file, with times of the file."""
    return [
        Cue(cue.speaker, cue.text, cue.start - start, min(cue.end, end) - start)
        for cue in cues
        if start <= cue.start < end
    ]


def _lower(tags: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in tags.items()}


def _number(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0
