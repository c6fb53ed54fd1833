"""Routes of an emulated provider: count, inject a fault, authenticate, parse, handle, render."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.emulator.fair_turns import TooManyWaitingError
from edge.emulator.providers.body import (
    MAX_BYTES,
    BodyParser,
    BusyError,
    TooLargeError,
    read_bytes,
    receive_form,
)
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider
from edge.emulator.providers.response import CutResponse, truncate_json
from edge.emulator.wire import WireError

Body = Mapping[str, Any]
Handler = Callable[[Body, Fault | None], Awaitable[Response]]
RequestHandler = Callable[[Request, Body, Fault | None], Awaitable[Response]]


class ProviderAdapter(Protocol):
    """What differs between providers for every endpoint: authentication, errors, headers."""

    provider: Provider

    def authenticate(self, request: Request) -> None:
        """Raise the provider's 401 if the request carries no key."""
        ...

    def unreadable_body(self, problem: str) -> WireError:
        """Build the provider's error for a body that is not a JSON object."""
        ...

    def too_large(self, limit: int) -> WireError:
        """Build the provider's error for a body of more than `limit` bytes."""
        ...

    def injected_error(self, fault: Fault) -> WireError:
        """Build the provider's error for a fault of kind `status`."""
        ...

    def headers(self, processing_ms: float = 0.0) -> Mapping[str, str]:
        """Return the headers that the provider sets on every response."""
        ...


@dataclass(frozen=True, slots=True)
class Router:
    """Builds Starlette routes for one provider."""

    adapter: ProviderAdapter
    faults: FaultQueue
    bodies: BodyParser

    def post(self, path: str, endpoint: Endpoint, handler: Handler) -> Route:
        """Route a POST whose handler gets the JSON object in the body."""

        async def handle_body(request: Request, body: Body, fault: Fault | None) -> Response:
            del request
            return await handler(body, fault)

        return self.route("POST", path, endpoint, handle_body, body=True)

    def get(self, path: str, endpoint: Endpoint, handler: Handler) -> Route:
        """Route a GET whose handler gets the path parameters."""

        async def handle_path(request: Request, body: Body, fault: Fault | None) -> Response:
            del body
            return await handler(request.path_params, fault)

        return self.route("GET", path, endpoint, handle_path, body=False)

    def route(
        self, method: str, path: str, endpoint: Endpoint, handler: RequestHandler, *, body: bool
    ) -> Route:
        """Route whose handler gets the request and, with `body`, the JSON object in it."""

        @asynccontextmanager
        async def read(request: Request) -> AsyncGenerator[Body]:
            raw = await self._read(request)
            yield await self._parse(request, raw) if body else {}

        return self._route(method, path, endpoint, read, handler)

    def upload(self, path: str, endpoint: Endpoint, handler: RequestHandler, limit: int) -> Route:
        """Route a POST of multipart/form-data; the handler gets its fields, as lists of values."""

        @asynccontextmanager
        async def read(request: Request) -> AsyncGenerator[Body]:
            async with AsyncExitStack() as received:
                try:
                    form = await received.enter_async_context(receive_form(request, limit))
                except TooLargeError as exc:
                    raise self.adapter.too_large(limit) from exc
                except ValueError as exc:
                    raise self.adapter.unreadable_body(str(exc)) from exc
                except BusyError as exc:
                    raise self._overloaded() from exc
                yield form

        return self._route("POST", path, endpoint, read, handler)

    def _route(
        self,
        method: str,
        path: str,
        endpoint: Endpoint,
        read: Callable[[Request], AbstractAsyncContextManager[Body]],
        handler: RequestHandler,
    ) -> Route:
        async def serve(request: Request) -> Response:
            fault = self._admit(request, endpoint)
            async with read(request) as parsed:
                if fault and fault.kind is FaultKind.HANG:
                    await hang(request, fault.seconds)
                began = time.perf_counter()
                response = self._finish(await handler(request, parsed, fault), fault, began)
            if fault and fault.kind is FaultKind.HANG_AFTER:
                await hang(request, fault.seconds)
            return response

        return Route(path, serve, methods=[method])

    def _admit(self, request: Request, endpoint: Endpoint) -> Fault | None:
        fault = self.faults.take(self.adapter.provider, endpoint)
        if fault and fault.kind is FaultKind.STATUS:
            raise self.adapter.injected_error(fault)
        self.adapter.authenticate(request)
        return fault

    async def _read(self, request: Request) -> bytes:
        try:
            return await read_bytes(request)
        except TooLargeError as exc:
            raise self.adapter.too_large(MAX_BYTES) from exc

    async def _parse(self, request: Request, raw: bytes) -> Body:
        key = request.headers.get("authorization") or request.headers.get("x-api-key")
        try:
            return await self.bodies.parse(raw, key or "")
        except ValueError as exc:
            raise self.adapter.unreadable_body(str(exc)) from exc
        except TooManyWaitingError as exc:
            raise self._overloaded() from exc

    def _overloaded(self) -> WireError:
        return self.adapter.injected_error(
            Fault(self.adapter.provider, FaultKind.STATUS, status=503)
        )

    def _finish(self, response: Response, fault: Fault | None, began: float) -> Response:
        processing_ms = (time.perf_counter() - began) * 1000
        self.faults.add_processing(self.adapter.provider, processing_ms)
        for name, value in self.adapter.headers(processing_ms).items():
            response.headers.setdefault(name, value)
        kind = fault.kind if fault else None
        if kind is FaultKind.CUT:
            return CutResponse(response)
        return truncate_json(response) if kind is FaultKind.MALFORMED_JSON else response


async def hang(request: Request, seconds: float) -> None:
    """Wait for that many seconds, or until the client disconnects."""

    async def until_disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(until_disconnected(), seconds)
    except TimeoutError:
        return
