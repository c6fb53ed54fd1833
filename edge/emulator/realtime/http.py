"""The HTTP side: broadcasts by POST, and health.

Follows supabase/realtime (broadcast_controller.ex).
"""

from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.bodies import BodyTooLongError, read_at_most
from edge.emulator.realtime.authorization import Authorizer
from edge.emulator.realtime.codec import UserBroadcast
from edge.emulator.realtime.hub import Hub
from edge.emulator.realtime.limits import Quota
from edge.emulator.realtime.parsing import InvalidJsonError, Parser
from edge.emulator.realtime.tokens import Identity, InvalidTokenError, identify
from edge.emulator.realtime.turns import Turn
from edge.tokens import Keys

_MAX_BODY: Final = 3_000_000
_MAX_MESSAGES: Final = 1000
_TOO_MANY: Final = "Too many messages to broadcast, please reduce the batch size"
_UNAUTHORIZED: Final = {"message": "Unauthorized"}
_NOT_JSON: Final = {"message": "The body is not valid JSON"}
_BLANK: Final = ["can't be blank"]
_MEDIA: Final = "Unsupported Media Type. Use application/json or application/octet-stream"


class _HttpError(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class BroadcastApi:
    """Sends messages to the channels of topics, whose names have no `realtime:` here."""

    keys: Keys
    hub: Hub
    authorizer: Authorizer
    parser: Parser
    quota: Quota

    def create_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/ping", _ping),
                Route("/api/tenants/{tenant}/health", _show_health),
                Route("/api/broadcast", self._send_all, methods=["POST"]),
                Route(
                    "/api/broadcast/{topic:path}/events/{event}", self._send_one, methods=["POST"]
                ),
            ],
            exception_handlers={_HttpError: _render_error},
        )

    async def _send_all(self, request: Request) -> Response:
        identity = self._authenticate(request)
        rights: dict[str, bool] = {}
        body = await _read_body(request)
        try:
            found = await self.parser.messages(body, _address(request))
        except InvalidJsonError as exc:
            raise _HttpError(400, _NOT_JSON) from exc
        turn = Turn()
        for message in _check_messages(found):
            await turn.share()
            topic, is_private = str(message["topic"]), message.get("private") is True
            payload = str(message["payload"]).encode()
            broadcast = UserBroadcast(str(message["event"]), payload, is_json=True)
            if is_private and topic not in rights:
                rights[topic] = await self._may_write(topic, identity)
            if not is_private or rights[topic]:
                self._send(topic, broadcast, is_private=is_private)
        return Response(status_code=202)

    async def _send_one(self, request: Request) -> Response:
        identity = self._authenticate(request)
        media = request.headers.get("content-type", "application/json").partition(";")[0].strip()
        if media not in {"application/json", "application/octet-stream"}:
            raise _HttpError(415, {"error": _MEDIA})
        body = await _read_body(request)
        is_json = media == "application/json"
        if is_json:
            try:
                await self.parser.check(body, _address(request))
            except InvalidJsonError as exc:
                raise _HttpError(400, _NOT_JSON) from exc
            body = body or b"{}"
        topic, is_private = request.path_params["topic"], request.query_params.get("private")
        if is_private == "true" and not await self._may_write(topic, identity):
            raise _HttpError(403, _UNAUTHORIZED)
        broadcast = UserBroadcast(request.path_params["event"], body, is_json)
        self._send(topic, broadcast, is_private=is_private == "true")
        return Response(status_code=202)

    def _send(self, topic: str, broadcast: UserBroadcast, *, is_private: bool) -> None:
        deliveries = self.hub.broadcast((topic, is_private), broadcast)
        if not self.quota.may_send(deliveries):
            raise _HttpError(429, {"message": "You have exceeded your rate limit"})

    def _authenticate(self, request: Request) -> Identity:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() == "bearer" else request.headers.get("apikey", "")
        try:
            return identify(token.strip(), self.keys)
        except InvalidTokenError as exc:
            raise _HttpError(401, _UNAUTHORIZED) from exc

    async def _may_write(self, topic: str, identity: Identity) -> bool:
        try:
            return "broadcast" in (await self.authorizer.ask(topic, identity)).write
        except psycopg.Error:
            return False


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _read_body(request: Request) -> bytes:
    try:
        return await read_at_most(request, _MAX_BODY)
    except BodyTooLongError as exc:
        raise _HttpError(413, {"message": "Payload size exceeds the limit"}) from exc


def _check_messages(listed: Any) -> list[dict[str, Any]]:
    """Return the messages. Raises 422 for one that lacks a member."""
    if not isinstance(listed, list):
        raise _HttpError(422, {"errors": {"messages": _BLANK}})
    messages = cast("list[Any]", listed)
    if len(messages) > _MAX_MESSAGES:
        raise _HttpError(429, {"message": _TOO_MANY})
    faults = [
        {
            name: _BLANK
            for name in ("topic", "event", "payload")
            if not isinstance(each, dict) or cast("dict[str, Any]", each).get(name) in (None, "")
        }
        for each in messages
    ]
    if any(faults):
        raise _HttpError(422, {"errors": {"messages": faults}})
    return cast("list[dict[str, Any]]", messages)


async def _ping(request: Request) -> Response:
    del request
    return JSONResponse({"message": "Success"})


async def _show_health(request: Request) -> Response:
    del request
    return JSONResponse({"data": {"healthy": True, "db_connected": True, "connected_cluster": 1}})


async def _render_error(request: Request, exc: Exception) -> Response:
    del request
    error = cast("_HttpError", exc)
    return JSONResponse(error.body, error.status)
