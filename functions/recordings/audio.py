"""Sound of a recording: how long it is, and parts of it as small files that models take.

PyAV reads what FFmpeg reads. Part: one channel or two of 16 kHz; each is sent as Opus in Ogg, 0.25
MB a minute, so that ten minutes stay far below the 25 MB that OpenAI takes.
"""

import importlib
import io
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

import numpy as np

from shared.errors import BadInputError

RATE: Final = 16_000
_QUIET_WITHIN: Final = 30.0
"""A part ends at the quietest place of so many last seconds."""
_FRAME: Final = RATE // 4
_TAGS: Final = ("lyrics", "title")
_LONGEST_TAG: Final = 1 << 20
_FLAGS: Final = {"compression_level": "1", "application": "voip"}
_READ: Final = {
    "protocol_whitelist": "file",
    "format_whitelist": "aac,ac3,aiff,amr,asf,avi,caf,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,"
    "mj2,mp3,mpeg,mpegts,ogg,w64,wav",
}
"""Formats that hold their sound themselves: a playlist could name other files and addresses."""

Samples = np.ndarray[tuple[int], np.dtype[np.int16]]
_Channels = np.ndarray[tuple[int, int], np.dtype[np.int16]]
"""Samples of each channel."""


@dataclass(frozen=True, slots=True)
class Media:
    """A recording: seconds, audio or video, codec of its sound, tags that describe it."""

    duration: float
    kind: str
    codec: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """Samples from `start` to `end`, in seconds of the recording: two channels if it has two."""

    start: float
    channels: tuple[Samples, ...]
    is_last: bool

    @property
    def samples(self) -> Samples:
        """All channels in one."""
        return _mix(np.stack(self.channels))

    @property
    def end(self) -> float:
        return self.start + len(self.channels[0]) / RATE


def probe(file: IO[bytes]) -> Media:
    """Read what the file is. Raises BadInputError NOT_A_RECORDING."""
    with _open(file) as container:
        sound = container.streams.audio[0]
        duration = float(container.duration or 0) / 1_000_000
        if not duration and sound.duration:
            duration = float(sound.duration * sound.time_base)
        pictures = [each for each in container.streams.video if not each.disposition & 0x400]
        return Media(
            duration=round(duration, 2),
            kind="video" if pictures else "audio",
            codec=str(sound.codec_context.name),
            tags=_read_tags(container, sound),
        )


def read_part(file: IO[bytes], start: float, seconds: float, *, to_quiet: bool = True) -> Part:
    """Decode up to `seconds` from `start`; with `to_quiet` a part ends between words.

    Raises BadInputError NOT_A_RECORDING, or NOTHING_LEFT if the sound ends before `start`.
    """
    wanted = int(seconds * RATE)
    with _open(file) as container:
        samples, is_last = _decode(container, start, wanted)
    if not samples.shape[1]:
        raise BadInputError(f"There is no sound after {start:g} s.", code="NOTHING_LEFT")
    if to_quiet and not is_last:
        samples = samples[:, : _find_quiet(_mix(samples))]
    return Part(start, tuple(samples), is_last)


def encode(samples: Samples, tags: Mapping[str, str]) -> bytes:
    """Return the samples as Ogg Opus with these tags."""
    av = importlib.import_module("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        container.metadata.update(tags)
        stream = container.add_stream("libopus", rate=RATE, options=_FLAGS)
        stream.layout = "mono"
        stream.bit_rate = 32_000
        for at in range(0, len(samples), RATE * 10):
            frame = av.AudioFrame.from_ndarray(
                samples[at : at + RATE * 10].reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = RATE
            frame.pts = at
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return buffer.getvalue()


def render_wav(samples: Samples) -> bytes:
    """Return the samples as WAV, which every server reads."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def _open(file: IO[bytes]) -> Any:
    av = importlib.import_module("av")
    file.seek(0)
    try:
        container = av.open(file, metadata_errors="replace", options=_READ)
    except (av.FFmpegError, ValueError) as exc:
        raise _unreadable() from exc
    if not container.streams.audio:
        container.close()
        raise BadInputError("The file holds no sound.", code="NOT_A_RECORDING")
    return container


def _decode(container: Any, start: float, wanted: int) -> tuple[_Channels, bool]:
    """Return up to `wanted` samples from `start`, and whether the sound ends with them."""
    pieces: list[_Channels] = []
    have = 0
    for moment, piece in _resample(container, start):
        skipped = max(0, round((start - moment) * RATE)) if not pieces else 0
        kept = piece[:, skipped:]
        if kept.shape[1]:
            pieces.append(kept)
            have += kept.shape[1]
        if have > wanted:
            break
    if not pieces:
        return np.zeros((1, 0), np.int16), True
    samples = np.concatenate(pieces, axis=1)
    return samples[:, :wanted], have <= wanted


def _mix(samples: _Channels) -> Samples:
    if len(samples) == 1:
        return samples[0]
    return samples.astype(np.int32).mean(axis=0).astype(np.int16)


def _resample(container: Any, start: float) -> Iterator[tuple[float, _Channels]]:
    """Yield (seconds, samples), from some place before `start`."""
    av = importlib.import_module("av")
    sound = container.streams.audio[0]
    layout = "stereo" if sound.codec_context.layout.nb_channels == 2 else "mono"
    resampler = av.AudioResampler(format="s16p", layout=layout, rate=RATE)
    first = float(sound.start_time * sound.time_base) if sound.start_time else 0.0
    try:
        if start > 1:
            container.seek(int((start + first - 1) * 1_000_000))
        for frame in container.decode(sound):
            moment = (frame.time or 0.0) - first
            if moment + 1 < start:
                continue
            for piece in resampler.resample(frame):
                array = piece.to_ndarray()
                yield moment, array
                moment += array.shape[1] / RATE
        for piece in resampler.resample(None):
            yield start, piece.to_ndarray()
    except av.FFmpegError as exc:
        raise _unreadable() from exc


def _find_quiet(samples: Samples) -> int:
    """Return where to cut: in the middle of the quietest quarter second near the end."""
    most = int(_QUIET_WITHIN * RATE)
    begin = max(len(samples) // 2, len(samples) - most)
    count = (len(samples) - begin) // _FRAME
    if count < 2:
        return len(samples)
    frames = samples[begin : begin + count * _FRAME].reshape(count, _FRAME).astype(np.float32)
    loudness = (frames * frames).mean(axis=1)
    quietest = count - 1 - int(np.argmin(loudness[::-1]))
    return begin + quietest * _FRAME + _FRAME // 2


def _read_tags(container: Any, sound: Any) -> dict[str, str]:
    """Return title and lyrics, whose names differ between formats."""
    found: dict[str, str] = {}
    for source in (container.metadata, sound.metadata):
        for key, value in source.items():
            name = key.lower().partition("-")[0]
            if name in _TAGS and value and len(value) <= _LONGEST_TAG:
                found.setdefault(name, value)
    return found


def _unreadable() -> BadInputError:
    return BadInputError(
        "The file cannot be read as sound or video. Save it as MP3, M4A, MP4, WAV, FLAC, OGG or"
        " WebM.",
        code="NOT_A_RECORDING",
    )
