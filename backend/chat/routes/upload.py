"""Upload of a transcript or a recording: read, stored and announced to every client."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from backend.chat.functions import FunctionError
from backend.chat.library import NotFoundError
from backend.chat.recordings import ENDINGS as MEDIA
from backend.chat.recordings import SHARED, is_recording, path_of
from backend.chat.routes.receive import receive
from backend.chat.routes.respond import (
    RefusedError,
    answering,
    owner_of,
    read_object,
    services_of,
    token_of,
)
from backend.chat.transcript_file import TooLongError, read_file
from backend.transcripts.reader import ENDINGS
from backend.transcripts.turns import Transcript, TranscriptError

_MOST_BYTES: Final = 50 << 20
_MOST_MEDIA: Final = 500 << 20
_MOST_FIELDS: Final = 20
"""Beside the files; each is kept in memory, up to 1 MB."""
_READING: Final = asyncio.Semaphore(2)
"""Files that are read at a time; each takes several times its size in memory."""
_MOST_TIMES: Final = 5_000
_FORMATS: Final = ", ".join(ENDINGS)
_MEDIA: Final = ", ".join(MEDIA)
_UNTRANSCRIBED: Final = "It is not transcribed yet: write @transcription."


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was sent; `digest` is the SHA-256 of its content."""

    name: str
    file: IO[bytes]
    size: int
    digest: str

    @property
    def video_id(self) -> str:
        return f"{Path(self.name).stem[:120]}-{self.digest[:8]}"


@answering
async def upload(request: Request) -> Any:
    """Store the file in the multipart field `file`, or at a URL; answer the video.

    A recording may come with its transcript, as a second file. JSON {source, source_type: "url"}
    names a URL. 400 for a file that cannot be read, 413 beyond 50 MB (a recording 500 MB) or a
    million characters, 415 for other kinds, 503 while others upload too much.
    """
    owner = await owner_of(request)
    collection_id = request.path_params["c"]
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        stored = await _store_source(request, collection_id, owner)
    elif kind == "multipart/form-data":
        stored = await _store_form(request, collection_id, owner)
    else:
        raise RefusedError(415, f"Upload a file as multipart field `file`: {_FORMATS}, {_MEDIA}.")
    announcement = {
        "event_type": "update_data",
        "update": "videos",
        "collection_id": collection_id,
    }
    await services_of(request).emitter.send("event", announcement)
    return stored


async def _store_form(request: Request, collection_id: str, owner: str | None) -> Any:
    async with receive(request, _MOST_MEDIA, owner) as body:
        return await _store_files(request, body, collection_id, owner)


async def _store_files(
    request: Request, body: AsyncGenerator[bytes], collection_id: str, owner: str | None
) -> Any:
    parser = MultiPartParser(request.headers, body, max_files=2, max_fields=_MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        raise RefusedError(400, f"The form cannot be read: {exc.message}") from exc
    try:
        files = await _read_files(form)
        media = [file for file in files if is_recording(file.name)]
        others = [file for file in files if not is_recording(file.name)]
        transcript = await _read(others[0]) if others else None
        if not media:
            assert transcript is not None
            return await _store(request, collection_id, others[0], transcript)
        if len(media) > 1:
            raise RefusedError(400, "Upload one recording at a time.")
        path = path_of(owner, media[0].digest, media[0].name)
        await services_of(request).recordings.store(path, media[0].file, media[0].size)
        return await _add_recording(request, collection_id, media[0], path, transcript)
    finally:
        await form.close()


async def _store_source(request: Request, collection_id: str, owner: str | None) -> Any:
    """Store what a URL gives; it is fetched by the function recordings, by its rules."""
    body = await read_object(request)
    source = body.get("source")
    if body.get("source_type") != "url" or not isinstance(source, str) or not source:
        raise RefusedError(400, 'The body must be {"source": "https://…", "source_type": "url"}.')
    services = services_of(request)
    call = {"action": "fetch", "url": source[:2001], "folder": owner or SHARED}
    found = await services.functions.call("recordings", call, request_id=uuid4().hex)
    path = str(found["path"])
    name, digest, size = str(found["name"]), str(found["digest"]), int(found["size"])
    if is_recording(name):
        with tempfile.TemporaryFile() as nothing:
            file = _File(name, nothing, size, digest)
            return await _add_recording(request, collection_id, file, path, None)
    try:
        content = await services.recordings.read(path, _MOST_BYTES)
    finally:
        await services.recordings.remove(path)
    with tempfile.TemporaryFile() as temporary:
        temporary.write(content)
        file = _File(name, temporary, size, digest)
        return await _store(request, collection_id, file, await _read(file))


async def _read_files(form: FormData) -> list[_File]:
    """Return the form's files, recordings and transcripts, by their own names."""
    files: list[_File] = []
    for _, file in form.multi_items():
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        name = Path(file.filename.replace("\\", "/")).name[:200]
        if not is_recording(name) and Path(name).suffix.lower() not in ENDINGS:
            raise RefusedError(
                415, f"{name}: a transcript is needed, as {_FORMATS}, or a recording, as {_MEDIA}."
            )
        size = file.size or 0
        if size > _MOST_BYTES and not is_recording(name):
            raise RefusedError(413, f"The file is larger than {_MOST_BYTES >> 20} MB.")
        digest = await asyncio.to_thread(_digest, file.file)
        files.append(_File(name, file.file, size, digest))
    if not files:
        raise RefusedError(400, "The form needs a file in its field `file`.")
    if len([file for file in files if not is_recording(file.name)]) > 1:
        raise RefusedError(400, "Upload one transcript at a time.")
    return files


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _copy(file: IO[bytes], path: Path) -> None:
    file.seek(0)
    with path.open("wb") as copy:
        shutil.copyfileobj(file, copy)


async def _read(file: _File) -> Transcript:
    """Read a transcript. Raises RefusedError with its name."""
    ending = Path(file.name).suffix.lower()
    if ending not in ENDINGS:
        raise RefusedError(415, f"{file.name}: a transcript is needed, as {_FORMATS}.")

    try:
        async with _READING:
            with tempfile.TemporaryDirectory(prefix="chat-upload-") as folder:
                path = Path(folder) / f"upload{ending}"
                await asyncio.to_thread(_copy, file.file, path)
                return await read_file(path, file.size)
    except TooLongError as exc:
        raise RefusedError(413, str(exc)) from exc
    except TranscriptError as exc:
        name = Path(file.name).stem
        raise RefusedError(400, str(exc).replace("upload.", f"{name}.", 1)) from exc


async def _add_recording(
    request: Request,
    collection_id: str,
    file: _File,
    path: str,
    transcript: Transcript | None,
) -> Mapping[str, Any]:
    """Store the row of a recording that is in Storage, with its transcript if there is one.

    A file without sound is deleted again. Raises RefusedError.
    """
    services = services_of(request)
    call = {"action": "probe", "path": path}
    try:
        found = await services.functions.call("recordings", call, request_id=uuid4().hex)
    except FunctionError as exc:
        if exc.code == "NOT_A_RECORDING":
            await services.recordings.remove(path)
            raise RefusedError(400, f"{file.name}: {exc}") from exc
        raise
    metadata: dict[str, Any] = {
        "title": found["title"] or Path(file.name).stem,
        "recording": path,
        "media": found["kind"],
        "length": found["duration"],
        "bytes": file.size,
    }
    if transcript:
        return await _store(request, collection_id, file, transcript, metadata)
    owner = await owner_of(request)
    await services.library.add_video(file.video_id, collection_id, metadata, owner)
    try:
        video = await services.library.fetch_video(file.video_id, collection_id, owner)
    except NotFoundError as exc:
        raise RefusedError(409, "Another user has this recording in this collection.") from exc
    return {**video, "needs_transcription": True, "notices": [_UNTRANSCRIBED]}


async def _store(
    request: Request,
    collection_id: str,
    file: _File,
    transcript: Transcript,
    more: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Store a transcript, and what is known of its recording."""
    metadata: dict[str, Any] = {"title": Path(file.name).stem, "format": transcript.format}
    if transcript.times:
        metadata["times"] = transcript.times[:_MOST_TIMES]
    body = {
        "collection_id": collection_id,
        "video_id": file.video_id,
        "transcript": transcript.text,
        "metadata": {**metadata, **(more or {})},
    }
    services = services_of(request)
    await services.functions.call(
        "process-transcript", body, request_id=uuid4().hex, token=token_of(request)
    )
    owner = await owner_of(request)
    video = await services.library.fetch_video(file.video_id, collection_id, owner)
    return {**video, "notices": list(transcript.notices)}
