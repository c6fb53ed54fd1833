"""POST /invoke: call a function, or any path of the stack, as anybody; the answer streams through.

The answer's own status and headers are in `x-console-status` and `x-console-headers` (JSON pairs),
the id that the request is recorded under in `x-console-request-id`.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge.console_api.body import read_body
from edge.console_api.context import context_of
from edge.console_api.errors import invalid
from edge.console_api.sending import Outgoing, keys_for, read_content, read_headers, send

_METHOD: Final = re.compile(r"[A-Z]{3,10}")
_SERVICES: Final = re.compile(r"/(?:functions|rest|auth|storage|realtime)/v1(?:/|$)")
_MOST_BYTES: Final = 16 << 20
_SAFE: Final = "/:@!$&'()*+,;=~%-._"


class Part(BaseModel):
    """A field of a multipart form, or a file: with `filename`, `base64` and `content_type`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    value: str = ""
    filename: Annotated[str, Field(max_length=500)] = ""
    base64: str = ""
    content_type: Annotated[str, Field(max_length=200)] = "application/octet-stream"


class InvokeRequest(BaseModel):
    """The body of POST /invoke; `path` follows the function's name, or is a whole one without."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    function: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    method: str = "POST"
    path: Annotated[str, Field(max_length=8000)] = ""
    query: Any = ""
    headers: Any = Field(default_factory=dict[str, str])
    body: Any = None
    parts: Annotated[list[Part], Field(max_length=100)] = Field(default_factory=list[Part])
    as_: Annotated[Any, Field(alias="as")] = "anon"


def _target(asked: InvokeRequest) -> str:
    start = f"/functions/v1/{asked.function}" if asked.function else ""
    path = asked.path if not asked.path or asked.path.startswith("/") else f"/{asked.path}"
    target = start + quote(path, safe=_SAFE)
    if not _SERVICES.match(target) or any(part in {".", ".."} for part in target.split("/")):
        raise invalid(
            f"path is {target[:80]!r}.", "Name a function, or a path such as /rest/v1/notes."
        )
    query = asked.query
    if isinstance(query, dict):
        query = urlencode(query, doseq=True)  # pyright: ignore[reportUnknownArgumentType]
    encoded = quote(str(query).removeprefix("?"), safe=_SAFE + "?[]")
    return f"{target}?{encoded}" if encoded else target


def render_form(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Return the content type and the body of a multipart form."""
    files: list[tuple[str, tuple[str | None, bytes] | tuple[str, bytes, str]]] = []
    for part in parts:
        if any(c in part.content_type for c in "\r\n\0"):
            raise invalid(f"content_type is {part.content_type[:60]!r}.")
        if part.filename:
            content = read_content({"base64": part.base64})
            files.append((part.name, (part.filename, content, part.content_type)))
        else:
            files.append((part.name, (None, part.value.encode("utf-8", "replace"))))
    form = httpx.Request("POST", "http://form", files=files)
    return form.headers["content-type"], form.read()


async def _invoke(request: Request) -> Response:
    context = context_of(request)
    asked = await read_body(request, InvokeRequest, _MOST_BYTES)
    method = asked.method.upper()
    if not _METHOD.fullmatch(method) or method == "CONNECT":
        raise invalid(f"method is {asked.method[:20]!r}.", "Use GET, POST, PUT, PATCH or DELETE.")
    target = _target(asked)
    headers = read_headers(asked.headers)
    content = await asyncio.to_thread(read_content, asked.body)
    if asked.parts:
        kind, content = await asyncio.to_thread(render_form, asked.parts)
        headers = [pair for pair in headers if pair[0].lower() != "content-type"]
        headers.append(("content-type", kind))
    elif content and "content-type" not in {name.lower() for name, _ in headers}:
        headers.append(("content-type", "application/json"))
    keys = await keys_for(context, asked.as_ if asked.as_ != "same" else "none", {})
    mark = context.recorder.mark() if context.recorder else None
    sending = send(context, Outgoing(method, target, keys, headers, content), mark)
    response = await sending.__aenter__()

    async def body() -> AsyncGenerator[bytes]:
        try:
            async for part in response.aiter_bytes():
                yield part
        except httpx.HTTPError:  # the function broke off: so does this answer
            return
        finally:
            await sending.__aexit__(None, None, None)

    kept = {
        "x-console-status": str(response.status_code),
        "x-console-headers": json.dumps(response.headers.multi_items()),
        "x-console-request-id": mark[1].request_id if mark else "",
        "cache-control": "no-store",
    }
    kind = response.headers.get("content-type", "application/octet-stream")
    return StreamingResponse(body(), headers=kept, media_type=kind)


ROUTES: Final = [Route("/invoke", _invoke, methods=["POST"])]
