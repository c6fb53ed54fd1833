"""Providers of images and messages that a test plays on one port, each on its own paths.

What they get is kept in `requests`; `fault` breaks the answers of matching paths.
"""

import asyncio
import base64
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import uuid4

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.support.serving import HttpServer, LoopThread


def png(shade: int = 90, size: tuple[int, int] = (64, 48)) -> bytes:
    """A small picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 40, 80)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(slots=True)
class Fault:
    """What happens to requests whose path contains `path`, `times` times."""

    path: str
    status: int = 200
    body: bytes = b""
    is_half: bool = False
    seconds: float = 0.0
    times: int = 1_000


@dataclass(slots=True)
class PlayedProviders:
    """The providers' state; `polls` is how often a queued task is not done yet."""

    url: str = ""
    polls: int = 1
    output: Any = None
    faults: list[Fault] = field(default_factory=list[Fault])
    requests: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    _asked: int = 0

    def paths(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.requests]

    def body(self, part: str) -> Any:
        """The body of the first request whose path contains `part`."""
        return next(body for _, path, body in self.requests if part in path)

    async def answer(self, request: Request) -> Response:
        """Keep the request, break it or answer it."""
        raw = await request.body()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        path = request.url.path
        self.requests.append((request.method, path, json.loads(raw) if is_json and raw else raw))
        self.headers.append(dict(request.headers))
        for fault in self.faults:
            if fault.path in path and fault.times > 0:
                fault.times -= 1
                await asyncio.sleep(fault.seconds)
                if fault.is_half:
                    return StreamingResponse(_half(), headers={"content-length": "5000"})
                if fault.status != 200 or fault.body:
                    return Response(fault.body, fault.status)
        found = self._find(request.method, path)
        if isinstance(found, bytes):
            return Response(found, media_type="image/png")
        return JSONResponse(found, 404 if found is None else 200)

    def _is_done(self) -> bool:
        self._asked += 1
        return self._asked > self.polls

    def _find(self, method: str, path: str) -> Any:  # noqa: C901 - one case a route
        image = base64.b64encode(png()).decode()
        file = f"{self.url}/file.png"
        output = self.output
        match path.strip("/").split("/"):
            case ["file.png"]:
                return png()
            case ["openai", "models"]:
                return {"data": [{"id": "m"}]}
            case ["openai", "images", _]:
                return output or {"data": [{"b64_json": image}, {"url": file}]}
            case ["openai", "chat", "completions"]:
                choice = {"message": {"content": " Hello. "}, "finish_reason": "stop"}
                return output or {
                    "model": "m-1", "choices": [choice], "usage": {"completion_tokens": 2}
                }  # fmt: skip
            case ["a1111", "sdapi", "v1", "sd-models"]:
                return [{"title": "sdxl.safetensors"}]
            case ["a1111", "sdapi", "v1", "progress"]:
                return {"progress": 0.5, "eta_relative": 1}
            case ["a1111", "sdapi", "v1", "interrupt"]:
                return {}
            case ["a1111", "sdapi", "v1", "txt2img" | "img2img"]:
                info = json.dumps({"all_seeds": [7, 8], "sd_model_name": "sdxl"})
                return output or {"images": [image, image], "info": info}
            case ["comfy", "system_stats"] | ["comfy", "queue"] | ["comfy", "interrupt"]:
                return {}
            case ["comfy", "upload", "image"]:
                return {"name": "up.png", "subfolder": "", "type": "input"}
            case ["comfy", "prompt"]:
                return {"prompt_id": "p1", "number": 1, "node_errors": {}}
            case ["comfy", "history", name]:
                return {name: output or _history()} if self._is_done() else {}
            case ["comfy", "view"]:
                return png()
            case parts:
                return self._find_hosted(method, parts, image, file)

    def _find_hosted(self, method: str, parts: list[str], image: str, file: str) -> Any:  # noqa: C901
        output = self.output
        match parts:
            case ["runpod", "run"]:
                return {"id": "r1", "status": "IN_QUEUE"}
            case ["runpod", "status", name]:
                done = {"images": [{"filename": "a.png", "type": "base64", "data": image}] * 2}
                if not self._is_done():
                    return {"id": name, "status": "IN_PROGRESS"}
                return output or {"id": name, "status": "COMPLETED", "output": done}
            case ["runpod", "cancel" | "health", *_]:
                return {"workers": {}}
            case ["fal", "fal-ai", "m"]:
                return {"request_id": "f1"}
            case ["fal", "fal-ai", "m", "requests", _, "status"]:
                return output or {"status": "COMPLETED" if self._is_done() else "IN_PROGRESS"}
            case ["fal", "fal-ai", "m", "requests", _, "cancel"]:
                return {"status": "CANCELLATION_REQUESTED"}
            case ["fal", "fal-ai", "m", "requests", _]:
                return {"images": [{"url": file}, {"url": file}], "seed": 7}
            case ["replicate", "v1", "account"]:
                return {"username": "x"}
            case ["replicate", "v1", "predictions"] if method == "POST":
                return {"id": "x1", "status": "starting"}
            case ["replicate", "v1", "predictions", _, "cancel"]:
                return {"id": "x1", "status": "canceled"}
            case ["replicate", "v1", "predictions", name]:
                if not self._is_done():
                    return {"id": name, "status": "processing"}
                return output or {"id": name, "status": "succeeded", "output": [file, file]}
            case _:
                return None


def _history() -> dict[str, Any]:
    image = {"filename": f"{uuid4().hex}.png", "subfolder": "", "type": "output"}
    preview = {**image, "type": "temp"}
    return {
        "outputs": {"7": {"images": [image, image]}, "6": {"images": [preview]}},
        "status": {"status_str": "success", "completed": True, "messages": []},
    }


async def _report_progress(socket: WebSocket) -> None:
    """ComfyUI's WebSocket: events of the prompt p1, previews and what no client knows, for ever."""
    await socket.accept()
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json({"type": "status", "data": {"status": {"exec_info": {}}}})
        await socket.send_bytes(bytes(8) + png())
        await socket.send_text("no JSON")
        await socket.send_json({"type": "execution_start", "data": {"prompt_id": "p1"}})
        for value in cycle((1, 2, 1, 3)):
            for prompt_id, most in (("p1", 4), ("other", 1), ("p1", 0)):
                data = {"value": value, "max": most, "prompt_id": prompt_id, "node": "3"}
                await socket.send_json({"type": "progress", "data": data})
            await asyncio.sleep(0.01)


async def _half() -> Any:
    yield b'{"data": ['
    raise ConnectionResetError


@contextmanager
def playing_providers() -> Iterator[PlayedProviders]:
    """Serve the providers on a free port."""
    thread, played = LoopThread(), PlayedProviders()
    methods = ["GET", "POST", "PUT"]
    routes = [
        WebSocketRoute("/comfy/ws", _report_progress),
        Route("/{path:path}", played.answer, methods=methods),
    ]
    server = HttpServer(Starlette(routes=routes), ws="websockets-sansio")
    thread.run(server.start())
    played.url = server.url
    try:
        yield played
    finally:
        thread.run(server.close())
        thread.close()
