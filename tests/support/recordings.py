"""Recordings that tests make: tones and pauses, with the transcript in their tags."""

import io
from collections.abc import Mapping

import av
import numpy as np

RATE = 16_000
LYRICS = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Ann>Good morning, this is Ann from Acme. What does the delay cost you?

00:00:05.000 --> 00:00:08.000
<v Bob>That is too expensive for us, we have no budget for it this year.

00:00:09.000 --> 00:00:13.000
<v Ann>I understand. Shall we compare the price with the cost of the delay?
"""
CONTAINERS = {
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "mp4": ("mp4", "aac"),
    "ogg": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "wav": ("wav", "pcm_s16le"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "libopus"),
}


def make_recording(
    ending: str = "mp3", seconds: float = 14.0, tags: Mapping[str, str] | None = None
) -> bytes:
    """A mono recording: a tone of half a second in each second, silence between."""
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * 220 * time) * 8000 * (time % 1 < 0.5)
    return write_recording(ending, tone[np.newaxis], {"lyrics": LYRICS} if tags is None else tags)


def make_stereo_call(
    turns: int, every: float, *, leak: float = 0.01, ending: str = "flac", first: int = 0
) -> bytes:
    """Two people on a channel each, as `make_long_lyrics` has them; each is heard by the other's
    telephone a little. Turns before `first` are silent."""
    time = np.arange(int(turns * every * RATE)) / RATE
    turn, within = np.divmod(time, every)
    tone = np.sin(2 * np.pi * 220 * time) * 8000 * (within < every * 0.8) * (turn >= first)
    left, right = tone * (turn % 2 == 1), tone * (turn % 2 == 0)
    channels = np.stack([left + right * leak, right + left * leak])
    return write_recording(ending, channels, {"lyrics": make_long_lyrics(turns, every)})


def write_recording(ending: str, channels: np.ndarray, tags: Mapping[str, str]) -> bytes:
    """A recording of one channel or two with these tags."""
    form, codec = CONTAINERS[ending]
    layout = "stereo" if len(channels) == 2 else "mono"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        container.metadata.update(dict(tags))
        options = {"compression_level": "0"} if codec == "libopus" else {}
        stream = container.add_stream(codec, rate=RATE, options=options)
        stream.layout = layout
        samples = channels.astype(np.int16)
        for at in range(0, samples.shape[1], RATE * 10):
            part = samples[:, at : at + RATE * 10].T.reshape(1, -1)  # interleaved
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(part), format="s16", layout=layout
            )
            frame.sample_rate = RATE
            frame.pts = at
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return buffer.getvalue()


def make_long_lyrics(turns: int, every: float) -> str:
    """A transcript of two people, a turn each so many seconds."""

    def clock(seconds: float) -> str:
        return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"

    cues = [
        f"{clock(n * every)} --> {clock(n * every + every * 0.8)}\n"
        f"<v {'Ann' if n % 2 else 'Bob'}>This is turn number {n} of the call."
        for n in range(turns)
    ]
    return "WEBVTT\n\n" + "\n\n".join(cues)
