"""Send what pg_net's functions queue, and keep the responses, as pg_net's background worker does.

Addresses that only mean something inside the Supabase CLI's containers are taken for this stack's.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from edge.emulator.postgres.listening import Connection, listen

_LOG: Final = logging.getLogger(__name__)
_BATCH: Final = 64  # requests at once
_LONGEST_WAIT: Final = 30.0
_MAX_BODY: Final = 16 << 20
_TAKE: Final = """\
delete from net.http_request_queue where ctid = any(array(
  select ctid from net.http_request_queue order by id limit %s for update skip locked
)) returning id, method::text, url, headers, body, timeout_milliseconds"""
_KEEP: Final = """\
insert into net._http_response
  (id, status_code, content_type, headers, content, timed_out, error_msg)
values (%s, %s, %s, %s, %s, %s, %s)"""
_FORGET: Final = "delete from net._http_response where created < now() - interval '6 hours'"
_CONTAINERS: Final = re.compile(r"^(kong|api\.supabase\.internal|supabase_kong_.*)$")
_HOSTS: Final = frozenset(("host.docker.internal", "gateway.docker.internal"))


def localize(url: str, base_url: str) -> str:
    """Return the URL as this machine reaches it: `http://kong:8000/…` is `base_url`/…."""
    parsed = httpx.URL(url)
    base = httpx.URL(base_url)
    if _CONTAINERS.match(parsed.host):
        return str(parsed.copy_with(scheme=base.scheme, host=base.host, port=base.port))
    if parsed.host in _HOSTS:
        return str(parsed.copy_with(host="127.0.0.1"))
    return url


@dataclass(slots=True)
class HttpQueue:
    """Empties net.http_request_queue of the database at `dsn`, a superuser's."""

    dsn: str
    base_url: str
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """From within the event loop that the requests are to be made on."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:

            async def empty(connection: Connection) -> float:
                while await self._send_batch(connection, client):
                    pass
                return _LONGEST_WAIT

            await listen(self.dsn, "edge_net", empty)

    async def _send_batch(self, connection: Connection, client: httpx.AsyncClient) -> bool:
        """Send up to a batch of requests; returns whether there may be more."""
        found = await connection.execute("select to_regclass('net.http_request_queue')")
        if await found.fetchone() == (None,):
            return False  # the project has dropped pg_net
        taken = await (await connection.execute(_TAKE, (_BATCH,))).fetchall()
        if not taken:
            return False
        responses = await asyncio.gather(*(self._send(client, request) for request in taken))
        async with connection.cursor() as cursor:
            await cursor.executemany(_KEEP, responses)
        await connection.execute(_FORGET)
        return True

    async def _send(self, client: httpx.AsyncClient, request: Sequence[Any]) -> tuple[Any, ...]:
        """Return the values of a row of net._http_response."""
        number, method, url, headers, body, timeout = request
        try:
            async with asyncio.timeout(timeout / 1000):
                return number, *await _exchange(
                    client, method, localize(url, self.base_url), headers, body
                )
        except TimeoutError:
            error = f"Timeout of {timeout} ms reached."
            return number, None, None, None, None, True, error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as exc:
            _LOG.warning("net.http_%s to %s: %s", method.lower(), url, exc or type(exc).__name__)
            return number, None, None, None, None, None, str(exc) or type(exc).__name__


async def _exchange(
    client: httpx.AsyncClient, method: str, url: str, headers: dict[str, str] | None, body: bytes
) -> tuple[Any, ...]:
    content = bytearray()
    names = {"user-agent": "pg_net/0.20.3", **(headers or {})}
    async with client.stream(
        method.upper(), url, headers=names, content=body, timeout=None
    ) as response:
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > _MAX_BODY:
                raise ValueError(f"the response is larger than {_MAX_BODY >> 20} MB")
    received = json.dumps(dict(response.headers))
    text = content.decode(errors="replace").replace("\0", "")
    return response.status_code, response.headers.get("content-type"), received, text, False, None
