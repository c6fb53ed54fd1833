"""One part of a recording: decoded, sent to the model, its answer in the recording's time.

Where the two channels of a call are two people, each channel is sent alone, and what was said is
put in the order of its times.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any, Final

from .audio import Media, Part, Samples, encode, read_part, render_wav
from .channels import Layout, find_layout, is_silent, separate
from .env import TranscriptionEnv
from .local import ask_local
from .segments import Segment, Speaker, Spoken, find_speakers, read_answer
from .server import ask_server

_PART_SECONDS: Final = 600.0
_LOCAL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier parts have shown: voices, and how people are on the channels."""

    speakers: Sequence[Speaker] = ()
    layout: Layout | None = None


async def transcribe(
    env: TranscriptionEnv, file: IO[bytes], media: Media, start: float, known: Known
) -> dict[str, Any]:
    """Return {segments, next, duration, speakers, channels, model} of the part from `start`."""
    seconds = _LOCAL_SECONDS if env.local_model else _PART_SECONDS
    part = await asyncio.to_thread(read_part, file, start, seconds)
    layout: Layout | None = "mixed"
    if env.channels:
        layout = known.layout or await asyncio.to_thread(find_layout, part.channels)
    if layout == "apart" and len(part.channels) == 2:
        spoken = await _listen_apart(env, media, part)
    else:
        voices = await asyncio.to_thread(_cut_voices, file, known.speakers) if part.start else {}
        samples = await asyncio.to_thread(lambda: part.samples)
        spoken = await _listen(env, media, part, samples, voices)
    return {
        "segments": spoken.render(),
        "next": None if part.is_last else round(part.end, 3),
        "duration": media.duration,
        "speakers": [
            {"name": each.name, "start": each.start, "end": each.end}
            for each in find_speakers(spoken.segments, known.speakers)
        ],
        "channels": layout,
        "model": spoken.model,
    }


async def _listen_apart(env: TranscriptionEnv, media: Media, part: Part) -> Spoken:
    """Transcribe each channel alone; all that is said on one is of one person."""
    found: list[Segment] = []
    model = env.model
    voices = await asyncio.to_thread(_find_voices, env.channels, part)
    asked = [
        (
            name,
            _listen(env, replace(media, tags={**media.tags, "channel": name}), part, samples, {}),
        )
        for name, samples in voices
    ]
    for (name, _), spoken in zip(asked, await asyncio.gather(*(s for _, s in asked)), strict=True):
        found += [replace(segment, speaker=name) for segment in spoken.segments]
        model = spoken.model
    return Spoken(sorted(found, key=lambda segment: segment.start), model)


def _find_voices(names: Sequence[str], part: Part) -> list[tuple[str, Samples]]:
    """Return the channels that are not silent, each alone, with their names."""
    channels = zip(names, separate(part.channels), strict=True)
    return [(name, samples) for name, samples in channels if not is_silent(samples)]


async def _listen(
    env: TranscriptionEnv,
    media: Media,
    part: Part,
    samples: Samples,
    voices: Mapping[str, bytes],
) -> Spoken:
    if env.local_model:
        answer = await asyncio.to_thread(ask_local, env.local_model, samples)
        return Spoken(read_answer(answer, part.start, part.end), env.model)
    tags = {**media.tags, "start": f"{part.start:.3f}"}
    sound = await asyncio.to_thread(encode, samples, tags)
    reply, model = await ask_server(env, sound, voices)
    return Spoken(read_answer(reply, part.start, part.end), model)


def _cut_voices(file: IO[bytes], known: Sequence[Speaker]) -> dict[str, bytes]:
    """Return a short WAV of each known speaker."""
    voices: dict[str, bytes] = {}
    for speaker in known:
        length = min(speaker.end - speaker.start, 10.0)
        if length >= 2.0:
            part = read_part(file, speaker.start, length, to_quiet=False)
            voices[speaker.name] = render_wav(part.samples)
    return voices
