"""Recordings of calls: what a file is, a file from a URL, and what is said in it.

POST {action: probe, path}: {duration, kind audio | video, codec, title}.
POST {action: fetch, url, folder}: stores what the URL gives; {path, name, size, digest}.
POST {action: transcribe, path, start?, speakers?}: one part of up to ten minutes;
{segments [{speaker, text, start, end}], next, duration, speakers, model}; `next` is the start of
the next part, null after the last one; `speakers` go with it, so that voices keep their names.
Paths are of the bucket recordings; a user's own begin with their id.
400 INVALID_BODY, INVALID_PATH, NOT_A_RECORDING, NOTHING_LEFT, TRANSCRIPTION_REFUSED,
URL_NOT_ALLOWED, FETCH_FAILED, FILE_TOO_LARGE · 403 · 404 RECORDING_NOT_FOUND · 502/503/504
PROVIDER_… · 503 STORAGE_UNAVAILABLE.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import BadInputError
from shared.http import envelope
from shared.http.body import Input, read_model

from .audio import Media, Part, encode, probe, read_part, render_wav
from .env import TranscriptionEnv, transcription_env
from .files import check_path, downloaded, fetch_recording
from .local import ask_local
from .segments import MOST_SPEAKERS, Speaker, Spoken, find_speakers, read_answer
from .server import ask_server

PART_SECONDS: Final = 600.0
_LOCAL_SECONDS: Final = 60.0
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class KnownSpeaker(Input):
    """A speaker of an earlier part, and where the voice is heard."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    start: float = Field(ge=0, lt=1e6)
    end: float = Field(ge=0, lt=1e6)


class RecordingInput(Input):
    """What to do with which recording."""

    action: Literal["probe", "fetch", "transcribe"]
    path: Text | None = None
    url: Text | None = None
    folder: Text | None = None
    start: float = Field(default=0, ge=0, lt=1e6)
    speakers: list[KnownSpeaker] = Field(
        default_factory=list[KnownSpeaker], max_length=MOST_SPEAKERS
    )


@endpoint(auth=("user", "secret"), error_body=envelope.fail, timeout=145)
async def main(ctx: Context) -> Answer:
    """Route by action."""
    body = await read_model(ctx.request, RecordingInput)
    ctx.note(action=body.action)
    env = transcription_env()
    if body.action == "fetch":
        url, folder = _require(body, "url"), _require(body, "folder")
        check_path(ctx, f"{folder}/file")
        with ctx.stage("fetch"):
            result = await fetch_recording(ctx, url, folder, allows_private=env.allows_private)
        return envelope.succeed(ctx, "recording", result)
    path = _require(body, "path")
    check_path(ctx, path)
    with ctx.stage("download"):
        async with downloaded(ctx, path) as file:
            media = await asyncio.to_thread(probe, file)
            if body.action == "probe":
                return envelope.succeed(ctx, "recording", _describe(media))
            with ctx.stage("transcribe"):
                result = await _transcribe(env, file, media, body)
    return envelope.succeed(ctx, "transcription", result)


async def _transcribe(
    env: TranscriptionEnv, file: Path, media: Media, body: RecordingInput
) -> dict[str, Any]:
    seconds = _LOCAL_SECONDS if env.local_model else PART_SECONDS
    part = await asyncio.to_thread(read_part, file, body.start, seconds)
    known = [Speaker(each.name, each.start, each.end) for each in body.speakers]
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
    env: TranscriptionEnv, file: Path, media: Media, part: Part, known: Sequence[Speaker]
) -> Spoken:
    if env.local_model:
        answer = await asyncio.to_thread(ask_local, env.local_model, part.samples)
        return Spoken(read_answer(answer, part.start, part.end), env.model)
    tags = {**media.tags, "start": f"{part.start:.3f}"}
    sound = await asyncio.to_thread(encode, part.samples, tags)
    voices = await asyncio.to_thread(_cut_voices, file, known) if part.start else {}
    reply, model = await ask_server(env, sound, voices)
    return Spoken(read_answer(reply, part.start, part.end), model)


def _cut_voices(file: Path, known: Sequence[Speaker]) -> dict[str, bytes]:
    """Return a short WAV of each known speaker."""
    voices: dict[str, bytes] = {}
    for speaker in known:
        length = min(speaker.end - speaker.start, 10.0)
        if length >= 2.0:
            part = read_part(file, speaker.start, length, to_quiet=False)
            voices[speaker.name] = render_wav(part.samples)
    return voices


def _describe(media: Media) -> dict[str, Any]:
    return {
        "duration": media.duration,
        "kind": media.kind,
        "codec": media.codec,
        "title": media.tags.get("title", "")[:200],
    }


def _require(body: RecordingInput, name: str) -> str:
    value: str | None = getattr(body, name)
    if not value:
        raise BadInputError(f"{body.action} needs {name}.", code="INVALID_BODY")
    return value
