"""Paths of the gateway that a process of the project answers, WebSockets too.

Requests arrive as they came: the process checks origins and tokens, as it does on its own port.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import Receive, Scope, Send

from edge.gateway.passing import (
    NOT_FORWARDED,
    ClientGoneError,
    body_of,
    return_response,
    target_of,
)
from edge.runtime.proxy.upgrade import Pipe, UpgradedConnection, parse_upgrade, render_upgrade

if TYPE_CHECKING:
    import httpx

_HOST: Final = "127.0.0.1"
_FIRST_BYTE_SECONDS: Final = 150.0
_CONNECT_SECONDS: Final = 10.0
_UNAVAILABLE: Final = b"503 Service Unavailable"

FindPort = Callable[[], int | None]
"""Returns where the process listens; None if it does not run."""


@dataclass(slots=True)
class ProcessPaths:
    """ASGI app that passes requests on to a process, and answers 503 while it does not listen."""

    name: str
    find_port: FindPort
    _client: "httpx.AsyncClient | None" = field(default=None, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        import httpx  # imported late: only projects with such paths need it

        if self._client is None:
            timeout = httpx.Timeout(_FIRST_BYTE_SECONDS, connect=_CONNECT_SECONDS, pool=None)
            limits = httpx.Limits(max_connections=None)  # each client that polls has one
            self._client = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False)
        request = self._client.build_request(
            scope["method"],
            target_of(scope, f"http://{_HOST}:{self.find_port() or 0}"),
            headers=[header for header in scope["headers"] if header[0] not in NOT_FORWARDED],
            content=body_of(scope, receive),
        )
        try:
            response = await self._client.send(request, stream=True)
        except ClientGoneError:
            return
        except httpx.TimeoutException:
            await self._refuse(send, 504, f"did not answer within {_FIRST_BYTE_SECONDS:g} s")
            return
        except httpx.ConnectError:
            await self._refuse(send, 503, "does not listen. `edge status` shows its state")
            return
        except httpx.HTTPError as exc:
            await self._refuse(send, 502, f"gave no answer: {exc or type(exc).__name__}")
            return
        await return_response(response, send)

    def open_socket(self) -> "ProcessSocket":
        """Return the protocol of a WebSocket."""
        return ProcessSocket(self.find_port)

    async def close(self) -> None:
        """Close the connections to the process."""
        if self._client:
            await self._client.aclose()

    async def _refuse(self, send: Send, status: int, what: str) -> None:
        message = f"The process {self.name} of edge.toml {what}."
        body = json.dumps({"code": "PROCESS_UNAVAILABLE", "message": message}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"access-control-allow-origin", b"*"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class ProcessSocket(UpgradedConnection):
    """One WebSocket of a client, from the raw request of its upgrade on."""

    def __init__(self, find_port: FindPort) -> None:
        super().__init__()
        self._find_port = find_port

    async def open_other(self, data: bytes) -> None:
        try:
            request = parse_upgrade(data)
        except ValueError:
            self.refuse(b"400 Bad Request")
            return
        port = self._find_port()
        if port is None:
            self.refuse(_UNAVAILABLE)
            return
        other = Pipe()
        connect = asyncio.get_running_loop().create_connection
        try:
            await self.join(
                other, lambda: connect(lambda: other, _HOST, port), render_upgrade(request)
            )
        except OSError:
            self.refuse(_UNAVAILABLE)
