"""Upload of a transcript file: read, stored and announced to every client."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from backend.chat.routes.respond import (
    RefusedError,
    answering,
    owner_of,
    services_of,
    token_of,
)
from backend.transcripts.reader import ENDINGS, load_transcript
from backend.transcripts.turns import Transcript, TranscriptError

_MOST_BYTES: Final = 50 << 20
_READING: Final = asyncio.Semaphore(2)
"""Files that are read at a time; each takes several times its size in memory."""
_MOST_TIMES: Final = 5_000
_FORMATS: Final = ", ".join(ENDINGS)


@answering
async def upload(request: Request) -> Any:
    """Store the transcript in the multipart field `file`; answer the video.

    400 for a file that cannot be read, 413 beyond 50 MB, 415 for other kinds.
    """
    await owner_of(request)
    collection_id = request.path_params["c"]
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise RefusedError(415, f"Upload a transcript as multipart field `file`: {_FORMATS}.")
    try:
        form = await MultiPartParser(request.headers, _bounded(request), max_files=1).parse()
    except MultiPartException as exc:
        raise RefusedError(400, f"The form cannot be read: {exc.message}") from exc
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise RefusedError(400, "The form needs a file in its field `file`.")
        name = Path(file.filename.replace("\\", "/")).name[:200]
        transcript, digest = await _read(file, name)
    finally:
        await form.close()
    stored = await _store(request, collection_id, name, transcript, digest)
    announcement = {
        "event_type": "update_data",
        "update": "videos",
        "collection_id": collection_id,
    }
    await services_of(request).emitter.send("event", announcement)
    return stored


async def _bounded(request: Request) -> AsyncGenerator[bytes]:
    total = 0
    async for part in request.stream():
        total += len(part)
        if total > _MOST_BYTES:
            raise RefusedError(413, f"The file is larger than {_MOST_BYTES >> 20} MB.")
        yield part


async def _read(file: UploadFile, name: str) -> tuple[Transcript, str]:
    if Path(name).suffix.lower() not in ENDINGS:
        raise RefusedError(415, f"{name}: a transcript is needed, as {_FORMATS}.")

    def run() -> tuple[Transcript, str]:
        with tempfile.TemporaryDirectory(prefix="chat-upload-") as folder:
            path = Path(folder) / f"upload{Path(name).suffix.lower()}"
            content = file.file.read()
            path.write_bytes(content)
            return load_transcript(path), hashlib.sha256(content).hexdigest()[:8]

    try:
        async with _READING:
            return await asyncio.to_thread(run)
    except TranscriptError as exc:
        raise RefusedError(400, str(exc).replace("upload.", f"{Path(name).stem}.", 1)) from exc


async def _store(
    request: Request, collection_id: str, name: str, transcript: Transcript, digest: str
) -> Mapping[str, Any]:
    video_id = f"{Path(name).stem[:120]}-{digest}"
    metadata: dict[str, Any] = {"title": Path(name).stem, "format": transcript.format}
    if transcript.times:
        metadata["times"] = transcript.times[:_MOST_TIMES]
    body = {
        "collection_id": collection_id,
        "video_id": video_id,
        "transcript": transcript.text,
        "metadata": metadata,
    }
    services = services_of(request)
    await services.functions.call(
        "process-transcript", body, request_id=video_id[-64:], token=token_of(request)
    )
    video = await services.library.fetch_video(video_id, collection_id, await owner_of(request))
    return {**video, "notices": list(transcript.notices)}
