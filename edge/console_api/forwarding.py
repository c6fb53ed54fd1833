"""/services/<name>/…: the stack's own services, called with the secret key or as a user.

`x-console-as: anon`, `service_role` or a user's id says as whom. What changes something is audited.
"""

from collections.abc import AsyncGenerator
from typing import Final

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError, not_found
from edge.console_api.users import mint_token
from edge.console_proxy.reading import OVERRIDES, READS, has_dots, only_reads
from edge.recording.rows import OWN_READ

_SERVICES: Final = {
    "auth": "/auth/v1",
    "storage": "/storage/v1",
    "realtime": "/realtime/v1",
    "rest": "/rest/v1",
    "mail": "/mail",
    "providers": "/providers",
}
_METHODS: Final = [*READS, "POST", "PUT", "PATCH", "DELETE"]
_AS: Final = "x-console-as"
_NOT_SENT: Final = OVERRIDES | frozenset(
    "host connection content-length transfer-encoding authorization apikey cookie origin".split()  # noqa: SIM905
)
_NOT_ANSWERED: Final = frozenset(("connection", "transfer-encoding", "content-length", "date"))
_TIMEOUT: Final = httpx.Timeout(60.0, read=300.0)


async def _forward(request: Request) -> Response:
    context = context_of(request)
    prefix = _SERVICES.get(request.path_params["service"])
    if prefix is None:
        raise not_found("service with this name", f"There are {', '.join(_SERVICES)}.")
    # As it arrived: names of files may hold encoded slashes.
    start = f"/services/{request.path_params['service']}/"
    raw = request.scope["raw_path"].decode("latin-1").partition(start)[2]
    if has_dots(raw):
        raise not_found("path with dots")
    path = f"{prefix}/{raw}"
    key = await _key(context, request.headers.get(_AS, ""))
    is_read = only_reads(request.method, path)
    if not is_read and not _is_part_of_upload(request.method, path):
        details = {"as": request.headers[_AS]} if _AS in request.headers else {}
        action = f"{request.path_params['service']}.{request.method.lower()}"
        await record(context, action, path, details)
    query = request.scope["query_string"].decode("latin-1")
    url = f"http://127.0.0.1:{context.settings.port}{path}{'?' if query else ''}{query}"
    headers = [(n, v) for n, v in request.headers.items() if n not in _NOT_SENT and n != _AS]
    headers += [("authorization", f"Bearer {key}"), ("apikey", key)]
    if is_read:
        headers.append((OWN_READ[0].decode(), OWN_READ[1].decode()))
    length = request.headers.get("content-length")
    has_body = "transfer-encoding" in request.headers or length not in {None, "0"}
    if length and has_body:
        headers.append(("content-length", length))
    client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False)
    sent = client.build_request(
        request.method, url, headers=headers, content=request.stream() if has_body else None
    )
    try:
        answer = await client.send(sent, stream=True)
    except httpx.HTTPError as exc:
        await client.aclose()
        raise ApiError(502, "SERVICE_UNREACHABLE", str(exc) or type(exc).__name__) from exc

    async def body() -> AsyncGenerator[bytes]:
        async for part in answer.aiter_raw():
            yield part

    async def close() -> None:
        await answer.aclose()
        await client.aclose()

    kept = {n: v for n, v in answer.headers.items() if n not in _NOT_ANSWERED}
    return StreamingResponse(body(), answer.status_code, kept, background=BackgroundTask(close))


def _is_part_of_upload(method: str, path: str) -> bool:
    """Whether it continues what was audited when the upload began."""
    return method == "PATCH" and path.startswith("/storage/v1/upload/resumable/")


async def _key(context: ConsoleContext, wanted: str) -> str:
    if wanted in {"", "service_role"}:
        return context.settings.service_role_key
    if wanted == "anon":
        return context.settings.anon_key
    return (await mint_token(context, wanted))["access_token"]


ROUTES: Final = [Route("/services/{service}/{path:path}", _forward, methods=_METHODS)]
