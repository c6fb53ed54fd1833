"""Uploads by TUS: the browser's requests, passed on to Storage as they come."""

from typing import Final

from nicegui import app
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from console.api import ApiError, api
from console.view import BASE

_TARGET: Final = "/services/storage/upload/resumable"
_SENT: Final = (
    *("tus-resumable", "upload-length", "upload-offset", "upload-metadata", "content-type"),
    *("content-length", "x-console-as"),
)
_KEPT: Final = (
    *("tus-resumable", "upload-length", "upload-offset", "upload-expires", "content-type"),
    "cache-control",
)


@app.api_route("/upload/storage", methods=["POST"])
@app.api_route("/upload/storage/{id}", methods=["HEAD", "PATCH", "DELETE"])
async def _pass_on(request: Request, id: str = "") -> Response:
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    path = f"{_TARGET}/{id}" if id else _TARGET
    has_body = request.method == "PATCH"
    try:
        answer = await api().forward(
            request.method, path, headers, request.stream() if has_body else None
        )
    except ApiError as exc:
        return JSONResponse({"code": exc.code, "message": exc.message}, 502)
    kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    if location := answer.headers.get("location"):
        kept["location"] = f"{BASE}/upload/storage/{location.rpartition('/')[2]}"
    return StreamingResponse(
        answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose)
    )
