"""Routes of the media library: collections, videos, uploads of transcripts."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from backend.chat.library import LibraryError, NotFoundError, recording_of
from backend.chat.routes.respond import (
    RefusedError,
    answering,
    owner_of,
    read_object,
    services_of,
)
from backend.chat.routes.upload import upload


@answering
async def list_collections(request: Request) -> Any:
    """Answer the caller's collections; never empty."""
    return await services_of(request).library.list_collections(await owner_of(request))


@answering
async def read_collection(request: Request) -> Any:
    """Answer one collection."""
    owner = await owner_of(request)
    return await services_of(request).library.fetch_collection(request.path_params["c"], owner)


@answering
async def create_collection(request: Request) -> Any:
    """Create a collection from {name, description}, neither empty."""
    owner = await owner_of(request)
    body = await read_object(request)
    for key, longest in (("name", 256), ("description", 4096)):
        value = body.get(key)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise RefusedError(400, f"{key} must be a text of 1 to {longest} characters.")
    library = services_of(request).library
    made = await library.create_collection(body["name"].strip(), body["description"], owner)
    await _announce(request, update="collections")
    text = "Collection created successfully."
    answer = {"message": text, "data": {"success": True, "message": text, "collection": made}}
    return JSONResponse(answer, 201)


@answering
async def delete_collection(request: Request) -> Any:
    """Delete an empty collection."""
    owner = await owner_of(request)
    try:
        await services_of(request).library.delete_collection(request.path_params["c"], owner)
    except NotFoundError:
        raise
    except LibraryError as exc:
        raise RefusedError(400, str(exc)) from exc
    await _announce(request, update="collections")
    return {"success": True, "message": "Collection deleted."}


@answering
async def list_videos(request: Request) -> Any:
    """Answer the videos of a collection, newest first."""
    owner = await owner_of(request)
    return await services_of(request).library.list_videos(request.path_params["c"], owner)


@answering
async def read_video(request: Request) -> Any:
    """Answer one video."""
    given = request.path_params
    library = services_of(request).library
    return await library.fetch_video(given["v"], given["c"], await owner_of(request))


@answering
async def delete_video(request: Request) -> Any:
    """Delete a video with its transcript, outputs and recording."""
    given = request.path_params
    services = services_of(request)
    owner = await owner_of(request)
    recording = await services.library.delete_video(given["v"], given["c"], owner)
    if recording:
        await services.recordings.remove(recording)
    await _announce(request, update="videos", collection_id=given["c"])
    return {"success": True, "message": "Video deleted."}


@answering
async def sign_recording(request: Request) -> Any:
    """Answer a URL, as text, that plays the video's recording for an hour."""
    given = request.path_params
    services = services_of(request)
    owner = await owner_of(request)
    video = await services.library.fetch_transcript(given["v"], given["c"], owner)
    path = recording_of(video)
    if path is None:
        raise RefusedError(404, "This call has no recording.")
    return PlainTextResponse(await services.recordings.sign(path))


@answering
async def list_nothing(request: Request) -> Any:
    """Answer an empty list: the library has neither sound files nor pictures of their own."""
    await owner_of(request)
    return []


@answering
async def find_nothing(request: Request) -> Any:
    """Answer 404 for a sound file or picture."""
    await owner_of(request)
    raise RefusedError(404, "Not found.")


async def _announce(request: Request, **data: Any) -> None:
    data = {"event_type": "update_data", **data}
    await services_of(request).emitter.send("event", data)


_C: Final = "/videodb/collection/{c}"
ROUTES: Final = [
    Route("/videodb/collection", list_collections),
    Route("/videodb/collection", create_collection, methods=["POST"]),
    Route(_C, read_collection),
    Route(_C, delete_collection, methods=["DELETE"]),
    Route(f"{_C}/video", list_videos),
    Route(f"{_C}/video/{{v}}", read_video),
    Route(f"{_C}/video/{{v}}", delete_video, methods=["DELETE"]),
    Route(f"{_C}/video/{{v}}/generate_url", sign_recording),
    Route(f"{_C}/{{kind:str}}", list_nothing),
    Route(f"{_C}/upload", upload, methods=["POST"]),
    Route(f"{_C}/{{kind:str}}/{{id}}", find_nothing, methods=["GET", "DELETE"]),
    Route(f"{_C}/{{kind:str}}/{{id}}/generate_url", find_nothing),
]
