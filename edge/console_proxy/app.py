"""The ASGI app at /console: static pages of edge.toml by name, everything else by the process."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.console_proxy.access import PATH, ConsoleAccess
from edge.console_proxy.process import ConsoleError, ConsoleProcess
from edge.gateway.passing import (
    NOT_FORWARDED,
    ClientGoneError,
    body_of,
    return_response,
    target_of,
)

if TYPE_CHECKING:
    import httpx

_REPEATED: Final = ("GET", "HEAD")
_ANSWER_SECONDS: Final = 120.0
_NOT_FORWARDED: Final = NOT_FORWARDED | {b"cookie", b"authorization", b"apikey"}
_FAILED: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 10vh auto }}
pre {{ white-space: pre-wrap; background: #8883; padding: 1em }}</style>
<h1>{title}</h1>
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
    views: "ConsoleViews" = field(init=False)

    def __post_init__(self) -> None:
        self.views = ConsoleViews(self.process)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].removeprefix("/").partition("/")[0]
        if first in self.names:
            await self.pages(scope, receive, send)
        else:
            await self.access.guard(self.views)(scope, receive, send)

    async def close(self) -> None:
        """Stop the process."""
        await self.views.close()


@dataclass(slots=True)
class ConsoleViews:
    """Passes requests on to the console's process; access is checked before."""

    process: ConsoleProcess
    answer_seconds: float = _ANSWER_SECONDS
    _client: "httpx.AsyncClient | None" = field(default=None, init=False)
    _client_start: int = field(default=0, init=False)

    async def close(self) -> None:
        """Stop the process."""
        if self._client:
            await self._client.aclose()
        await self.process.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.process.using():
            try:
                await self._answer(scope, receive, send)
            except (ConsoleError, OSError) as exc:
                page = _render(503, "The console did not start", f"It wrote last:\n{exc}")
                await page(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request; start the process again if it has just ended."""
        import httpx  # imported late: only the console needs it

        client = await self._connect()
        try:
            response = await self._send(client, scope, receive)
        except ClientGoneError:
            return
        except httpx.TimeoutException:  # it may be busy with this: other requests go on
            text = f"It did not answer within {self.answer_seconds:g} s."
            await _render(504, "The console does not answer", text)(scope, receive, send)
            return
        except httpx.TransportError as exc:
            await self.process.discard(self._client_start)
            if scope["method"] not in _REPEATED:
                raise ConsoleError("It ended while it was asked.") from exc
            response = await self._send_again(scope, receive)
        await return_response(response, send)

    async def _send_again(self, scope: Scope, receive: Receive) -> "httpx.Response":
        """Ask once more, and should that break off too, a process that is started for it."""
        import httpx  # imported late: only the console needs it

        with suppress(httpx.NetworkError, httpx.RemoteProtocolError):
            return await self._send(await self._connect(), scope, receive)
        await self.process.discard(self._client_start, also_if_it_accepts=True)
        return await self._send(await self._connect(), scope, receive)

    async def _connect(self) -> "httpx.AsyncClient":
        """Return a client of the running process, which is started first."""
        address = await self.process.ensure()
        if self._client is None or self._client_start != self.process.starts:
            import httpx  # imported late: only the console needs it

            if self._client:
                await self._client.aclose()
            transport = httpx.AsyncHTTPTransport(uds=str(address))
            self._client = httpx.AsyncClient(transport=transport)
            self._client_start = self.process.starts
        return self._client

    async def _send(
        self, client: "httpx.AsyncClient", scope: Scope, receive: Receive
    ) -> "httpx.Response":
        headers = [
            header
            for header in scope["headers"]
            if header[0] not in _NOT_FORWARDED and not header[0].startswith(b"x-forwarded-")
        ]
        request = client.build_request(
            scope["method"],
            target_of(scope, f"http://console{PATH}"),
            headers=headers,
            content=body_of(scope, receive),
            timeout=self.answer_seconds,
        )
        return await client.send(request, stream=True)


def _render(status: int, title: str, text: str) -> HTMLResponse:
    return HTMLResponse(_FAILED.format(title=title, text=escape(text)), status)
