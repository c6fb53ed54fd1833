"""One request to an emulated provider: counted, perhaps spoilt, authenticated, parsed, answered."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider
from edge.emulator.wire import WireError

Body = Mapping[str, Any]
Answer = Callable[[Body, Fault | None], Awaitable[Response]]
RequestAnswer = Callable[[Request, Body, Fault | None], Awaitable[Response]]


class Dialect(Protocol):
    """How one provider authenticates, refuses and signs what it sends."""

    provider: Provider

    def authenticate(self, request: Request) -> None: ...

    def unreadable_body(self, problem: str) -> WireError: ...

    def ordered_error(self, fault: Fault) -> WireError: ...

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Door:
    """Where a provider's requests come in."""

    dialect: Dialect
    faults: FaultQueue

    def post(self, path: str, endpoint: Endpoint, answer: Answer) -> Route:
        """A route that takes a JSON object."""

        async def answer_body(request: Request, body: Body, fault: Fault | None) -> Response:
            del request
            return await answer(body, fault)

        return self.route("POST", path, endpoint, answer_body, body=True)

    def get(self, path: str, endpoint: Endpoint, answer: Answer) -> Route:
        """A route without a body; the answer gets the path's parameters instead."""

        async def answer_path(request: Request, body: Body, fault: Fault | None) -> Response:
            del body
            return await answer(request.path_params, fault)

        return self.route("GET", path, endpoint, answer_path, body=False)

    def route(
        self, method: str, path: str, endpoint: Endpoint, answer: RequestAnswer, *, body: bool
    ) -> Route:
        """A route whose answer sees the request and, with `body`, the JSON object in it."""

        async def serve(request: Request) -> Response:
            fault = await self._enter(request, endpoint)
            raw = await request.body()
            began = time.perf_counter()
            given: Body = _parse_object(raw, self.dialect) if body else {}
            response = self._leave(await answer(request, given, fault), fault, began)
            if fault and fault.kind is FaultKind.HANG_AFTER:
                await hang(request, fault.seconds)
            return response

        return Route(path, serve, methods=[method])

    async def _enter(self, request: Request, endpoint: Endpoint) -> Fault | None:
        fault = self.faults.take(self.dialect.provider, endpoint)
        if fault and fault.kind is FaultKind.STATUS:
            raise self.dialect.ordered_error(fault)
        self.dialect.authenticate(request)
        if fault and fault.kind is FaultKind.HANG:
            await request.body()
            await hang(request, fault.seconds)
        return fault

    def _leave(self, response: Response, fault: Fault | None, began: float) -> Response:
        processing_ms = (time.perf_counter() - began) * 1000
        self.faults.add_processing(self.dialect.provider, processing_ms)
        for name, value in self.dialect.headers(processing_ms).items():
            response.headers.setdefault(name, value)
        kind = fault.kind if fault else None
        if kind is FaultKind.CUT:
            return CutResponse(response)
        return _break_json(response) if kind is FaultKind.MALFORMED_JSON else response


def _parse_object(raw: bytes, dialect: Dialect) -> Body:
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise dialect.unreadable_body(str(exc)) from exc
    if not isinstance(parsed, dict):
        raise dialect.unreadable_body("the body is not a JSON object")
    return cast("Body", parsed)


async def hang(request: Request, seconds: float) -> None:
    """Hang, but not longer than the client does."""

    async def until_disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(until_disconnected(), seconds)
    except TimeoutError:
        return


def _break_json(response: Response) -> Response:
    body = bytes(response.body)
    broken = Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    for name, value in response.headers.items():
        broken.headers.setdefault(name, value)
    return broken


class CutResponse(Response):
    """Announces the whole body, sends half of it and stops: the server closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__(bytes(whole.body), whole.status_code, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        half = bytes(self.body)[: len(self.body) // 2]
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": half, "more_body": True})
