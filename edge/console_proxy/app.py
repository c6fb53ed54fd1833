"""The ASGI app at /console: static pages of edge.toml by name, everything else by the process."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.console_proxy.access import PATH, ConsoleAccess
from edge.console_proxy.process import ConsoleError, ConsoleProcess

if TYPE_CHECKING:
    import httpx

_REPEATED: Final = ("GET", "HEAD")
_ANSWER_SECONDS: Final = 120.0
_NOT_FORWARDED: Final = frozenset(
    (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"expect")
) | {b"cookie", b"authorization", b"apikey"}  # nothing behind it asks for them
_NOT_RETURNED: Final = frozenset((b"connection", b"keep-alive", b"transfer-encoding"))
_FAILED: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>The console did not start</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 10vh auto }}
pre {{ white-space: pre-wrap; background: #8883; padding: 1em }}</style>
<h1>The console did not start</h1>
<p>Its process wrote last:</p>
<pre>{text}</pre>
<p>A missing package is installed by <code>scripts/setup</code>. Load this page to try again;
functions and services are not concerned.</p>
</html>
"""


@dataclass(slots=True)
class ConsoleApp:
    """Routes requests below /console, whose prefix is already off the path.

    `pages` answers paths that begin with one of `names`, without a token; they are files.
    """

    pages: ASGIApp
    names: Collection[str]
    access: ConsoleAccess
    process: ConsoleProcess
    _client: "httpx.AsyncClient | None" = field(default=None, init=False)
    _client_start: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].removeprefix("/").partition("/")[0]
        if first in self.names:
            await self.pages(scope, receive, send)
        else:
            await self.access.guard(self._serve)(scope, receive, send)

    async def close(self) -> None:
        """Stop the process."""
        if self._client:
            await self._client.aclose()
        await self.process.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.process.using():
            try:
                await self._answer(scope, receive, send)
            except (ConsoleError, OSError) as exc:
                page = HTMLResponse(_FAILED.format(text=escape(str(exc))), 503)
                await page(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request; start the process again if it has just ended."""
        import httpx  # imported late: only the console needs it

        client = await self._connect()
        try:
            response = await _send(client, scope, receive)
        except httpx.TransportError as exc:
            await self.process.discard(self._client_start)
            if scope["method"] not in _REPEATED:
                raise ConsoleError("It ended while it was asked.") from exc
            response = await _send(await self._connect(), scope, receive)
        await _return(response, send)

    async def _connect(self) -> "httpx.AsyncClient":
        """Return a client of the running process, which is started first."""
        address = await self.process.ensure()
        if self._client is None or self._client_start != self.process.starts:
            import httpx  # imported late: only the console needs it

            if self._client:
                await self._client.aclose()
            transport = httpx.AsyncHTTPTransport(uds=str(address))
            self._client = httpx.AsyncClient(transport=transport, timeout=_ANSWER_SECONDS)
            self._client_start = self.process.starts
        return self._client


async def _send(client: "httpx.AsyncClient", scope: Scope, receive: Receive) -> "httpx.Response":
    query = scope["query_string"].decode("latin-1")
    path = PATH + scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    headers = [
        header
        for header in scope["headers"]
        if header[0] not in _NOT_FORWARDED and not header[0].startswith(b"x-forwarded-")
    ]
    has_body = any(
        name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]
    )
    request = client.build_request(
        scope["method"],
        f"http://console{path}",
        headers=headers,
        content=_body(receive) if has_body else None,
    )
    return await client.send(request, stream=True)


async def _return(response: "httpx.Response", send: Send) -> None:
    try:
        kept = [h for h in response.headers.raw if h[0].lower() not in _NOT_RETURNED]
        start = {"type": "http.response.start", "status": response.status_code, "headers": kept}
        await send(start)
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body"):
            return
