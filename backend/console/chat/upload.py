"""Uploads to the chat backend: the browser's form, passed on as it comes."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

from nicegui import app
from nicegui.element import Element
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from backend.console.chat.client import Caller, find_backend, routes_of
from console import ApiError
from console.view import BASE

_MOST_BYTES: Final = 500 << 20
_ACCEPT: Final = ".txt,.json,.vtt,.srt,.sbv,.docx,.jsonl,.md,audio/*,video/*"
_PATH: Final = "/upload/chat"
_SENT: Final = ("content-type", "content-length")


class ChatUpload(Element, component="chat_upload.js"):
    """Takes files, also dropped anywhere on the page, and shows their progress."""

    def __init__(self, user_id: str) -> None:
        super().__init__()
        self._user_id = user_id
        self.props["accept"] = _ACCEPT
        self.props["most"] = _MOST_BYTES
        self.send_to("")

    def send_to(self, collection_id: str) -> None:
        """Store later files in a collection, by default `default`."""
        query = urlencode({"user": self._user_id}) if self._user_id else ""
        path = f"{BASE}{_PATH}/{quote(collection_id or 'default', safe='')}"
        self.props["endpoint"] = f"{path}?{query}" if query else path

    def on_stored(self, handle: Callable[[dict[str, Any]], Any]) -> None:
        """Call `handle` with the call that was stored."""
        self.on("stored", lambda event: handle(event.args))


@app.post(_PATH + "/{collection_id}")
async def _pass_on(request: Request, collection_id: str, user: str = "") -> Response:
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    path = f"/videodb/collection/{quote(collection_id, safe='')}/upload"
    try:
        url = await find_backend()
        if url is None:
            return JSONResponse({"message": "The chat backend does not run."}, 503)
        headers |= await Caller(user).headers()
        answer = await routes_of(url).forward("POST", path, headers, request.stream())
    except ApiError as exc:
        return JSONResponse({"message": exc.message}, 502)
    kind = {"content-type": answer.headers.get("content-type", "application/json")}
    return StreamingResponse(
        answer.aiter_raw(), answer.status_code, kind, background=BackgroundTask(answer.aclose)
    )
