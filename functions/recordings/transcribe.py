"""One part of a recording: decoded, sent to the model, its answer in the recording's time."""

import asyncio
from collections.abc import Sequence
from typing import IO, Any, Final

from .audio import Media, Part, encode, read_part, render_wav
from .env import TranscriptionEnv
from .local import ask_local
from .segments import Speaker, Spoken, find_speakers, read_answer
from .server import ask_server

_PART_SECONDS: Final = 600.0
_LOCAL_SECONDS: Final = 60.0


async def transcribe(
    env: TranscriptionEnv, file: IO[bytes], media: Media, start: float, known: Sequence[Speaker]
) -> dict[str, Any]:
    """Return {segments, next, duration, speakers, model} of the part that begins at `start`."""
    seconds = _LOCAL_SECONDS if env.local_model else _PART_SECONDS
    part = await asyncio.to_thread(read_part, file, start, seconds)
    spoken = await _listen(env, file, media, part, known)
    return {
        "segments": spoken.render(),
        "next": None if part.is_last else round(part.end, 3),
        "duration": media.duration,
        "speakers": [
            {"name": each.name, "start": each.start, "end": each.end}
            for each in find_speakers(spoken.segments, known)
        ],
        "model": spoken.model,
    }


async def _listen(
    env: TranscriptionEnv, file: IO[bytes], media: Media, part: Part, known: Sequence[Speaker]
) -> Spoken:
    if env.local_model:
        answer = await asyncio.to_thread(ask_local, env.local_model, part.samples)
        return Spoken(read_answer(answer, part.start, part.end), env.model)
    tags = {**media.tags, "start": f"{part.start:.3f}"}
    sound = await asyncio.to_thread(encode, part.samples, tags)
    voices = await asyncio.to_thread(_cut_voices, file, known) if part.start else {}
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
