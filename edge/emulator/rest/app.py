"""The data API as an ASGI app: request → plan → sql → execute → response.

Follows PostgREST's App.hs; the gateway strips `/rest/v1`.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.types import Receive, Scope, Send

from edge.emulator.rest.body import BodyReader, ClientDisconnectedError
from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.database import Database
from edge.emulator.rest.errors import RestError, UnknownNameError, rest_error
from edge.emulator.rest.execute import execute
from edge.emulator.rest.long_heads import LongHeads
from edge.emulator.rest.plan.action import find_relation
from edge.emulator.rest.plan.call import plan_call
from edge.emulator.rest.prepare import Preparer
from edge.emulator.rest.request import media
from edge.emulator.rest.request.api_request import Action, ApiRequest, RawRequest, parse_request
from edge.emulator.rest.request.identity import Authenticator, Identity
from edge.emulator.rest.response.render import Response, render_error, render_result
from edge.emulator.rest.schema.model import SchemaCache
from edge.tokens import Keys, prepare

if TYPE_CHECKING:
    from edge.emulator.rest.description import Describer

_LOG: Final = logging.getLogger(__name__)
# Seconds after which a running request is cancelled if its client disconnects.
_WATCH_DELAY: Final = 0.2
_PIECE: Final = 256 * 1024
"""Bytes of a body that are sent at a time: the server copies what the client has not yet read."""
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE"})
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
"""A request without these headers has no body."""


class RestApp:
    """The data API over one database; call `open()` before the first request, `close()` last.

    `dsn` logs in as `authenticator`; `keys` verify bearer tokens. A `database` that is given may
    have been opened already, and has a configuration of its own.
    """

    def __init__(
        self,
        dsn: str,
        *,
        keys: Keys,
        config: RestConfig | None = None,
        database: Database | None = None,
    ) -> None:
        config = config or RestConfig()
        self._keys = keys
        self._database = database or Database(dsn, config, config)
        self._database.adopt = self._adopt
        self._describer: Describer | None = None
        self._heads = LongHeads()
        self._bodies = BodyReader(self._database, self._database.config, self._heads)
        self._adopt(self._database.config)

    def _adopt(self, config: RestConfig) -> None:
        self._config = config
        self._preparer = Preparer(config)
        self._authenticator = Authenticator(self._keys, config)

    async def open(self) -> None:
        """Load the schema cache; what verifies tokens is imported meanwhile."""
        await asyncio.gather(self._database.open(), asyncio.to_thread(prepare))

    async def close(self) -> None:
        if self._describer:
            self._describer.close()
        self._heads.close()
        await self._database.close()

    async def reload(self) -> None:
        """Reload the schema cache."""
        await self._database.reload()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError("The data API speaks HTTP only")
        try:
            response = await self._respond(scope, receive)
        except ClientDisconnectedError:
            return
        if name := self._config.trace_header:
            value = _read_head(scope).headers.get(name, "")
            response = replace(response, headers=(*response.headers, (name, value)))
        await _send(response, send, is_head=scope["method"] == "HEAD")

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        try:
            head = self._route(_read_head(scope))
            identity = self._authenticator.authenticate(head.headers.get("authorization"))
            if head.method in _BODILESS and not (head.headers.keys() & _FRAMING):
                return await _while_connected(self._serve(head, identity), receive)
            client = str((scope.get("client") or ("",))[0])
            async with self._bodies.read(head, identity, receive, client) as raw:
                return await _while_connected(self._serve(raw, identity), receive)
        except RestError as exc:
            return render_error(exc, explains=self._config.explains_errors)
        except ClientDisconnectedError:
            raise
        except Exception:
            _LOG.exception("The data API failed on %s %s", scope["method"], scope["path"])
            return render_error(rest_error("PGRSTX00"))

    def _route(self, head: RawRequest) -> RawRequest:
        """Send the root to the function that answers it, if there is one."""
        is_disabled, routine = self._config.openapi_mode == "disabled", self._config.root_routine
        if head.path.strip("/") or not (is_disabled or routine):
            return head
        if is_disabled:
            raise rest_error("PGRST126")
        return replace(head, path=f"/rpc/{routine}")

    async def _serve(self, raw: RawRequest, identity: Identity) -> Response:
        cache = await self._database.schema()
        if settings := cache.role_settings.get(identity.role):
            identity = Identity(identity.role, identity.claims, identity.claims_json, settings)
        if raw.method == "OPTIONS" or not raw.path.strip("/"):
            return await self._describe(raw, identity, cache)
        try:
            prepared = await self._heads.run(raw, self._preparer.prepare, raw, cache)
        except UnknownNameError:
            if not await self._database.refresh_after_miss():
                raise
            cache = await self._database.schema()
            prepared = await self._heads.run(raw, self._preparer.prepare, raw, cache)
        pool = self._database.pool
        result = await execute(prepared, identity, pool=pool, config=self._config)
        return await self._heads.run(raw, render_result, prepared.plan, prepared.request, result)

    async def _describe(self, raw: RawRequest, identity: Identity, cache: SchemaCache) -> Response:
        """Answer OPTIONS, and GET of the root."""
        request = await self._heads.run(raw, parse_request, raw, self._config)
        if request.action is Action.INSPECT:
            accept = raw.headers.get("accept")
            if not await self._heads.run(raw, media.accepts_openapi, accept):
                raise rest_error("PGRST107", accepted=accept)
            describer = self._describer or self._make_describer()
            body = await describer.describe(request, identity, cache, self._config)
            return _render_root(request, body)
        try:
            return _render_options(request, cache)
        except UnknownNameError:
            if not await self._database.refresh_after_miss():
                raise
            return _render_options(request, await self._database.schema())

    def _make_describer(self) -> "Describer":
        """Import what makes documents, which a process that is starting does without."""
        from edge.emulator.rest.description import Describer

        self._describer = Describer(self._database.pool)
        return self._describer


def _render_options(request: ApiRequest, cache: SchemaCache) -> Response:
    from edge.emulator.rest.response.openapi import methods

    allowed = ["OPTIONS", "GET", "HEAD"]
    if request.is_routine:
        # OPTIONS /rpc/add?a=1&b=2: the overload that a GET would call
        is_volatile = plan_call(request, cache).routine.is_volatile
        allowed = ["OPTIONS", "POST"] if is_volatile else [*allowed, "POST"]
    elif request.name:
        relation = find_relation(request, cache)
        allowed += [method.upper() for method in methods(relation) if method != "get"]
    headers = (("access-control-allow-origin", "*"), ("allow", ",".join(allowed)))
    return Response(200, headers)


def _render_root(request: ApiRequest, body: bytes) -> Response:
    headers = [("content-type", f"{media.OPENAPI}; charset=utf-8")]
    if request.is_profile_named:
        headers.append(("content-profile", request.schema))
    return Response(200, tuple(headers), body)


def _read_head(scope: Scope) -> RawRequest:
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return RawRequest(
        method=scope["method"],
        path=scope["path"].removeprefix(scope.get("root_path", "")),
        query=scope["query_string"],
        headers=headers,
    )


async def _while_connected(response: Coroutine[Any, Any, Response], receive: Receive) -> Response:
    """Return the response; cancel its statement if the client disconnects first."""
    watch = _DisconnectWatch(receive)
    timer = asyncio.get_running_loop().call_later(_WATCH_DELAY, watch.start)
    try:
        return await response
    except asyncio.CancelledError:
        if not watch.is_disconnected:
            raise
        watch.task.uncancel()
        raise ClientDisconnectedError from None
    finally:
        timer.cancel()
        await watch.stop()


class _DisconnectWatch:
    """Cancels the task that creates it when the client disconnects."""

    def __init__(self, receive: Receive) -> None:
        task = asyncio.current_task()
        assert task is not None, "an ASGI request runs in a task"
        self.task: asyncio.Task[Any] = task
        self.is_disconnected = False
        self._receive = receive
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watching = asyncio.ensure_future(self._wait())

    async def stop(self) -> None:
        if self._watching and not self._watching.done():
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _wait(self) -> None:
        await _wait_disconnect(self._receive)
        self.is_disconnected = True
        self.task.cancel()


async def _wait_disconnect(receive: Receive) -> None:
    """Return when the client has disconnected; pauses if `receive` returns at once."""
    message = await receive()
    while message["type"] != "http.disconnect":
        await asyncio.sleep(_WATCH_DELAY)
        message = await receive()


async def _send(response: Response, send: Send, *, is_head: bool = False) -> None:
    """Send the response; HEAD does not tell the length of a body that was not made."""
    headers = [(name.encode("latin-1"), value.encode()) for name, value in response.headers]
    body = b"" if response.status in {204, 304} else response.body
    if response.status not in {204, 304} and (body or not is_head):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    last = max(0, len(body) - 1) // _PIECE * _PIECE
    for start in range(0, last, _PIECE):
        piece = body[start : start + _PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": body[last:]})
