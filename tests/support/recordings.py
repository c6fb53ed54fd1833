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
    form, codec = CONTAINERS[ending]
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * 220 * time) * 8000 * (time % 1 < 0.5)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        container.metadata.update({"lyrics": LYRICS} if tags is None else dict(tags))
        options = {"compression_level": "0"} if codec == "libopus" else {}
        stream = container.add_stream(codec, rate=RATE, options=options)
        stream.layout = "mono"
        samples = tone.astype(np.int16)
        for at in range(0, len(samples), RATE * 10):
            part = samples[at : at + RATE * 10].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
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
