"""Recordings of calls: what a file is, a file from a URL, and what is said in it.

POST {action: probe, path}: {duration, kind audio | video, codec, title}.
POST {action: fetch, url, folder}: stores what the URL gives; {path, name, size, digest}.
POST {action: transcribe, path, start?, speakers?, channels?}: one part of up to ten minutes;
{segments [{speaker, text, start, end}], next, duration, speakers, channels, model}; `next` is the
start of the next part, null after the last one; `speakers` and `channels` go with it, so that
voices keep their names. `channels` is `apart` where the left and the right one are two people.
Paths are of the bucket recordings; a user's own begin with their id.
400 INVALID_BODY, INVALID_PATH, NOT_A_RECORDING, NOTHING_LEFT, TRANSCRIPTION_REFUSED,
URL_NOT_ALLOWED, FETCH_FAILED, FILE_TOO_LARGE · 403 · 404 RECORDING_NOT_FOUND · 502/503/504
PROVIDER_… · 503 STORAGE_UNAVAILABLE.
"""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import BadInputError
from shared.http import envelope
from shared.http.body import Input, read_model

from .audio import Media, probe
from .channels import Layout
from .env import transcription_env
from .files import check_path, fetch_recording, opened
from .segments import MOST_SPEAKERS, Speaker
from .transcribe import Known, transcribe

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
    channels: Layout | None = None


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
    with ctx.stage("read"):
        async with opened(ctx, path) as file:
            media = await asyncio.to_thread(probe, file)
            if body.action == "probe":
                return envelope.succeed(ctx, "recording", _describe(media))
            with ctx.stage("transcribe"):
                speakers = [Speaker(each.name, each.start, each.end) for each in body.speakers]
                known = Known(speakers, body.channels)
                result = await transcribe(env, file, media, body.start, known)
    return envelope.succeed(ctx, "transcription", result)


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
