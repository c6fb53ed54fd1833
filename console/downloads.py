"""Files of the API that the browser loads itself, passed on as they come."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response, StreamingResponse

from console.api import ApiError, api

_KEPT: Final = ("content-type", "content-length", "content-range", "accept-ranges", "last-modified")
# What is opened in a tab is of anybody's making: no script of it runs, and it has no origin.
_SANDBOX: Final = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"


async def pass_on(
    path: str, headers: Mapping[str, str] | None = None, extra: Mapping[str, str] | None = None
) -> Response:
    """GET a path of the API and stream its body; `extra` are headers of the answer."""
    exits = AsyncExitStack()
    try:
        answer = await exits.enter_async_context(api().stream("GET", path, headers=headers))
    except ApiError as exc:
        return JSONResponse({"code": exc.code, "message": exc.message}, 502)
    kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return StreamingResponse(
        answer.aiter_raw(),
        answer.status_code,
        headers={**kept, "content-security-policy": _SANDBOX, **(extra or {})},
        background=BackgroundTask(exits.aclose),
    )
