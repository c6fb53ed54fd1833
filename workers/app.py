"""The HTTP face of a worker: /health, /worker/info, and what its type makes.

GET {base}/health, /worker/info. Type chat: POST {base}/chat, /enhance, /generate {messages[],
max_tokens?, temperature?, top_p?, model?} → {success, response | enhanced_prompt, generation_time,
tokens_generated, model_info}. Types sdxl, wan: POST {base}/generate {prompt, width?, height?,
seed?, num_images?, negative_prompt?} → {success, images [base64] …}. Where WORKER_API_KEY is set,
all but /health need it as a bearer token. 400 {success: false, error} · 401 · 404 · 502 · 504.
"""

import base64
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from workers.backends.base import Backend, run
from workers.errors import BadTaskError, SlowError, WorkError
from workers.loop import WorkerLoop
from workers.message import Message
from workers.settings import Settings
from workers.task import ChatTask

_MAX_BODY: Final = 2 * 1024 * 1024
_MAX_MESSAGES: Final = 500
_MAX_TEXT: Final = 400_000
_SECONDS: Final = 120.0
_ROLES: Final = ("system", "user", "assistant")
_CAPABILITIES: Final = {
    "sdxl": {"images": True, "image_to_image": True, "videos": False},
    "wan": {"images": False, "image_to_image": True, "videos": True},
    "chat": {"chat": True, "enhance": True, "pure_inference": True},
}


@dataclass(slots=True)
class Face:
    """The routes of one worker type."""

    settings: Settings
    worker_type: str
    backend: Backend
    loop: WorkerLoop | None = None
    _began: float = field(default_factory=time.monotonic)

    def routes(self) -> list[Route]:
        """Return the routes below the type's base path."""
        makes = (
            {"/chat": self._chat, "/enhance": self._enhance, "/generate": self._chat}
            if self.worker_type == "chat"
            else {"/generate": self._generate}
        )
        return [
            Route("/health", self._health),
            Route("/worker/info", self._guard(self._info)),
            *(Route(path, self._guard(make), methods=["POST"]) for path, make in makes.items()),
        ]

    async def _health(self, _request: Request) -> JSONResponse:
        health = await self.backend.health()
        statistics = self.loop.statistics if self.loop else None
        body = {
            "status": "healthy" if health.is_healthy else "unhealthy",
            "model_loaded": health.is_healthy,
            "uptime": round(time.monotonic() - self._began, 3),
            "worker_type": self.worker_type,
            "worker_id": self.settings.worker_id,
            "backend": self.backend.kind,
            "models": list(health.models),
            "error": health.error or None,
            "stats": {
                "completed": statistics.completed if statistics else 0,
                "failed": statistics.failed if statistics else 0,
                "cancelled": statistics.cancelled if statistics else 0,
                "current_job": self.loop.current if self.loop else None,
            },
        }
        return JSONResponse(body, 200 if health.is_healthy else 503)

    async def _info(self, _request: Request) -> JSONResponse:
        health = await self.backend.health()
        endpoints = {"/health": "State and statistics", "/worker/info": "This description"}
        if self.worker_type == "chat":
            endpoints |= {"/chat": "Answer messages", "/enhance": "Rewrite a prompt"}
        endpoints["/generate"] = "Answer messages" if self.worker_type == "chat" else "Make images"
        return JSONResponse(
            {
                "worker_type": self.worker_type,
                "model": next(iter(health.models), self.backend.kind),
                "backend": self.backend.kind,
                "capabilities": _CAPABILITIES[self.worker_type],
                "endpoints": endpoints,
            }
        )

    async def _chat(self, request: Request) -> JSONResponse:
        return await self._reply(request, enhances=False)

    async def _enhance(self, request: Request) -> JSONResponse:
        return await self._reply(request, enhances=True)

    async def _reply(self, request: Request, *, enhances: bool) -> JSONResponse:
        task = _parse_chat(await _read(request), enhances=enhances)
        began = time.monotonic()
        result = await run(self.backend, task, _SECONDS)
        text = result.text
        assert text is not None
        return JSONResponse(
            {
                "success": True,
                ("enhanced_prompt" if enhances else "response"): text.content,
                "generation_time": round(time.monotonic() - began, 3),
                "tokens_generated": text.tokens,
                "finish_reason": text.finish,
                "model_info": {"model": result.model, "backend": self.backend.kind},
            }
        )

    async def _generate(self, request: Request) -> JSONResponse:
        task = _parse_images(self.worker_type, await _read(request)).to_task(None)
        began = time.monotonic()
        result = await run(self.backend, task, _SECONDS)
        return JSONResponse(
            {
                "success": True,
                "images": [base64.b64encode(file.content).decode() for file in result.files],
                "media_types": [file.media_type for file in result.files],
                "seed": task.seed,
                "generation_time": round(time.monotonic() - began, 3),
                "model_info": {"model": result.model, "backend": self.backend.kind},
            }
        )

    def _guard(
        self, handler: Callable[[Request], Awaitable[JSONResponse]]
    ) -> Callable[[Request], Awaitable[JSONResponse]]:
        """Check the key and turn errors into answers."""

        async def serve(request: Request) -> JSONResponse:
            if not self._is_allowed(request.headers.get("authorization", "")):
                return _error(401, "The worker's key is missing or wrong.")
            try:
                return await handler(request)
            except BadTaskError as exc:
                return _error(400, str(exc))
            except SlowError as exc:
                return _error(504, str(exc))
            except WorkError as exc:
                return _error(502, str(exc))

        return serve

    def _is_allowed(self, header: str) -> bool:
        key = self.settings.worker_key
        return not key or hmac.compare_digest(header.encode(), f"Bearer {key}".encode())


def create_app(faces: list[Face]) -> Starlette:
    """Serve each type below /TYPE; the only one also at the root."""
    routes: list[Route | Mount] = [
        Mount(f"/{face.worker_type}", routes=face.routes()) for face in faces
    ]
    routes += faces[0].routes() if len(faces) == 1 else [_overview(faces)]
    return Starlette(routes=routes)


def _overview(faces: list[Face]) -> Route:
    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "healthy", "workers": [face.worker_type for face in faces]})

    return Route("/health", health)


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"success": False, "error": text}, status)


async def _read(request: Request) -> Mapping[str, Any]:
    """Read a JSON object. Raises BadTaskError."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise BadTaskError(f"The body has more than {_MAX_BODY} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadTaskError("The body must be a JSON object.") from exc
    if not isinstance(found, dict):
        raise BadTaskError("The body must be a JSON object.")
    return cast("Mapping[str, Any]", found)


def _parse_chat(body: Mapping[str, Any], *, enhances: bool) -> ChatTask:
    given = body.get("messages")
    if not isinstance(given, list) or not 0 < len(cast("list[Any]", given)) <= _MAX_MESSAGES:
        raise BadTaskError(f"messages must be a list of 1 to {_MAX_MESSAGES} messages.")
    messages: list[dict[str, str]] = []
    for entry in cast("list[Any]", given):
        role = cast("dict[str, Any]", entry).get("role") if isinstance(entry, dict) else None
        content = cast("dict[str, Any]", entry).get("content") if isinstance(entry, dict) else None
        if role not in _ROLES or not isinstance(content, str):
            raise BadTaskError("Each message must be {role: system|user|assistant, content: text}.")
        messages.append({"role": cast("str", role), "content": content})
    if sum(len(message["content"]) for message in messages) > _MAX_TEXT:
        raise BadTaskError(f"The messages have more than {_MAX_TEXT} characters.")
    model = body.get("model")
    return ChatTask(
        tuple(messages),
        max_tokens=int(_number(body, "max_tokens", 512, 1, 8192)),
        temperature=_number(body, "temperature", 0.7, 0, 2),
        top_p=_number(body, "top_p", 0.9, 0, 1),
        model=model if isinstance(model, str) else "",
        enhances=enhances,
    )


def _number(body: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadTaskError(f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def _parse_images(worker_type: str, body: Mapping[str, Any]) -> Message:
    """Read the body as the message of a job without an id."""
    if not isinstance(body.get("prompt"), str):
        raise BadTaskError("prompt must be a text.")
    width, height = (int(_number(body, name, 1024, 64, 2048)) for name in ("width", "height"))
    config = {**body, "resolution": f"{width}x{height}"}
    job_type = "wan_video_fast" if worker_type == "wan" else "sdxl_image_fast"
    return Message("", "", job_type, None, {**body, "config": config})
