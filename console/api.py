"""Client of the console's API and of the project's own, over HTTP."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import httpx

from console.settings import read_settings

_SECONDS: Final = 30.0
OWN_READ: Final = {"x-client-info": "edge-console-read"}
"""Headers of what is read only to be shown here: the list of requests leaves it out by default."""
_READS: Final = ("GET", "HEAD")
_READING_PATHS: Final = ("/storage/v1/object/list", "/storage/v1/object/sign/")


class ApiError(Exception):
    """An answer that is an error: its message, and its cure as `hint`."""

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint


class Api:
    """Sends requests relative to a base URL; raises ApiError for every answer that is an error.

    `before` is awaited with method and path of what may change something; what it raises ends that.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        before: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        self._before = before
        self._client = httpx.AsyncClient(
            base_url=base_url, headers=dict(headers), timeout=_SECONDS, trust_env=False
        )

    async def get(self, path: str, **query: object) -> Any:
        """GET JSON; query parameters that are None or empty are left out."""
        return await self.request("GET", path, query=query)

    async def post(self, path: str, body: object = None) -> Any:
        """POST JSON, return JSON."""
        return await self.request("POST", path, body=body)

    async def delete(self, path: str) -> Any:
        """DELETE, return JSON or None."""
        return await self.request("DELETE", path)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send JSON, or `content` as it is; return parsed JSON, or text if it is something else."""
        await self._announce(method, path)
        sent = _render_query(query)
        kind: dict[str, str] = {}
        if content is None and body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            kind = {"content-type": "application/json"}
        try:
            response = await self._client.request(
                method,
                path,
                params=sent or None,  # an empty mapping would drop a query of the path
                content=content,
                headers={**_own(method, path), **kind, **(headers or {})},
            )
        except httpx.HTTPError as exc:
            raise _unreachable(exc) from exc
        if response.is_error:
            raise _read_error(response.status_code, response.content)
        return _parse(response)

    async def forward(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes] | None,
    ) -> httpx.Response:
        """Send bytes as they come, of any length; the caller closes the response."""
        await self._announce(method, path)
        timeout = httpx.Timeout(_SECONDS, read=None, write=None)
        request = self._client.build_request(
            method, path, content=content, headers=dict(headers), timeout=timeout
        )
        try:
            return await self._client.send(request, stream=True)
        except httpx.HTTPError as exc:
            raise _unreachable(exc) from exc

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[httpx.Response]:
        """Open a response whose body arrives in parts; its status is the caller's to read."""
        await self._announce(method, path)
        sent = _render_query(query)
        timeout = httpx.Timeout(_SECONDS, read=None)
        try:
            async with self._client.stream(
                method, path, params=sent or None, json=body, headers=headers, timeout=timeout
            ) as response:
                yield response
        except httpx.HTTPError as exc:
            raise _unreachable(exc) from exc

    async def events(
        self, path: str, *, on_open: Callable[[], Awaitable[None]] | None = None, **query: object
    ) -> AsyncIterator[Any]:
        """Yield the data of server-sent events until the server ends the stream."""
        async with self.stream("GET", path, query=query) as response:
            if response.is_error:
                raise _read_error(response.status_code, await response.aread())
            if on_open:
                await on_open()
            lines: list[str] = []
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    lines.append(line[5:].removeprefix(" "))
                elif not line and lines:
                    yield json.loads("\n".join(lines))
                    lines = []

    async def _announce(self, method: str, path: str) -> None:
        if self._before and not _own(method, path):
            await self._before(method, path)


def _own(method: str, path: str) -> Mapping[str, str]:
    return OWN_READ if method in _READS or path.startswith(_READING_PATHS) else {}


def _render_query(query: Mapping[str, object] | None) -> dict[str, str] | None:
    """Return what is set; None keeps a query that the path has itself."""
    return {k: str(v) for k, v in (query or {}).items() if v not in (None, "")} or None


def _unreachable(error: httpx.HTTPError) -> ApiError:
    text = f"The stack does not answer: {error or type(error).__name__}"
    return ApiError(0, "UNREACHABLE", text, "Start it, or look at its terminal: edge start")


def _parse(response: httpx.Response) -> Any:
    if not response.content:
        return None
    if "json" in response.headers.get("content-type", ""):
        return response.json()
    return response.text


def _read_error(status: int, content: bytes) -> ApiError:
    try:
        error: Any = json.loads(content)
        message = error.get("message") or error.get("msg") or error.get("error") or ""
        return ApiError(status, str(error.get("code", "")), str(message), error.get("hint") or "")
    except (ValueError, AttributeError):
        text = content[:500].decode(errors="replace").strip()
        return ApiError(status, "", text or f"HTTP {status}")


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """Return the rows of a list's answer, in an envelope or bare."""
    return answer if isinstance(answer, list) else answer["data"]


@cache
def api() -> Api:
    """Return the client of /console/api."""
    settings = read_settings()
    return Api(settings.api_url, {"authorization": f"Bearer {settings.token}"})


@cache
def project() -> Api:
    """Return the client of the project itself (/rest/v1, /functions/v1, …) with the secret role."""
    settings = read_settings()
    key = settings.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    is_local = settings.project_url == settings.public_url  # operators' changes are audited anyway
    return Api(settings.project_url, headers, _audit if is_local else None)


async def _audit(method: str, path: str) -> None:
    await api().post("/audit", {"method": method, "path": path})
