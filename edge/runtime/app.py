"""The functions as one ASGI app: routes by slug, verifies the token, forwards to a worker."""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from edge.events import Observer, RequestServed
from edge.gateway.app import Gateway
from edge.operating_system import close_to_siblings
from edge.project.manifest import Function
from edge.runtime.config import RuntimeConfig
from edge.runtime.errors import (
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    STOPPING,
    Refusal,
    WorkerError,
    rate_limited,
)
from edge.runtime.pool.pool import Pool
from edge.runtime.pool.pools import FunctionPools
from edge.runtime.pool.process import Process
from edge.runtime.proxy.forward import Forwarding
from edge.runtime.proxy.forwarded import forwarded_headers
from edge.runtime.proxy.tunnel import Tunnel, tunnel_factory
from edge.runtime.proxy.upload import Header, Outgoing
from edge.runtime.verify_jwt import API_KEY_HEADER, check_request, join_headers
from edge.trace import trace_of

_LOG: Final = logging.getLogger(__name__)
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REQUEST_ID: Final = b"sb-request-id"
_OUR_HEADERS: Final = (_REQUEST_ID, b"x-execution-id", b"x-served-by")
_NOT_FORWARDED: Final = (API_KEY_HEADER, _REQUEST_ID, b"sb-parent-request-id")

SharedRate = Callable[[str, float], Awaitable[float]]
"""Takes a token for (slug, requests a second) of a bucket shared by all instances; the seconds to
wait, 0.0 if the request may pass."""


@dataclass(slots=True)
class FunctionsApp:
    """Serves the functions below config.root/functions at /<slug>[/rest/of/path]."""

    config: RuntimeConfig
    observe: Observer
    shared_rate: SharedRate | None = None
    received: int = field(default=0, init=False)
    handled: int = field(default=0, init=False)
    _pools: FunctionPools = field(init=False)
    _is_closing: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._pools = FunctionPools(self.config, self.observe)

    @property
    def functions(self) -> Mapping[str, Function]:
        """Return the served functions by slug."""
        return self._pools.functions

    def workers(self, slug: str) -> list[Process]:
        """Return the workers of a function that live."""
        return self._pools.workers(slug)

    def reload(self, slug: str) -> None:
        """Let the function's next request run in a new worker; those in flight finish."""
        self._pools.reload(slug)

    def start(self) -> None:
        """Start the zygote, from the main thread: it dies with the thread that forks it."""
        close_to_siblings()
        self._pools.start()

    async def close(self) -> None:
        """Let requests finish, then stop all workers. Idempotent.

        Close the gateway afterwards: functions may still call the services behind it.
        """
        if not self._is_closing:
            self._is_closing = True
            await self._pools.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request whose path is /<slug>…, with the platform's headers and errors."""
        started, trace = time.perf_counter(), trace_of(scope)
        self.received += 1
        served = RequestServed(
            slug=_slug(scope),
            execution_id="",
            request_id=trace.request_id if trace else str(uuid.uuid4()),
            method=scope["method"],
            path=scope["path"],
            status=0,
            duration_ms=0.0,
        )
        response = _Response(send)
        try:
            served = await self._serve(served, scope, receive, response.send)
        except WorkerError as exc:
            served = replace(served, status=exc.refusal.status, code=exc.refusal.code)
            await _refuse(exc.refusal, served.request_id, send)
        except Exception:
            _LOG.exception("%s %s failed in the runtime", scope["method"], scope["path"])
            served = replace(served, status=INTERNAL_ERROR.status, code=INTERNAL_ERROR.code)
            if not response.has_started:  # otherwise the server closes the connection
                await _refuse(INTERNAL_ERROR, served.request_id, send)
        finally:
            self.handled += 1
        self.observe(replace(served, duration_ms=(time.perf_counter() - started) * 1000))

    def upgrades(self, gateway: Gateway) -> type[Tunnel]:
        """Return the protocol class that serves WebSocket upgrades arriving at `gateway`."""
        return tunnel_factory(lambda scope: self._admit_upgrade(gateway.enter(scope)))

    def _admit_upgrade(self, scope: Scope | None) -> tuple[Pool, Scope]:
        """Return the pool for an upgrade, and the request as forwarded. Raises WorkerError."""
        if scope is None:
            raise WorkerError(NOT_FOUND)
        pool = self._admit(_slug(scope), scope)
        headers = forwarded_headers(scope, _NOT_FORWARDED, self.config.trusted_proxies)
        return pool, {**scope, "headers": headers}

    def _admit(self, slug: str, scope: Scope) -> Pool:
        """Return the pool for a request. Raises WorkerError if the request is refused."""
        if self._is_closing:
            raise WorkerError(STOPPING)
        function = self.functions.get(slug)
        if function is None:
            raise WorkerError(NOT_FOUND)
        if scope["method"] not in _METHODS:
            raise WorkerError(METHOD_NOT_ALLOWED)
        is_checked = self.config.verify_jwt and function.manifest.verify_jwt
        if is_checked and scope["method"] != "OPTIONS":
            refusal = check_request(join_headers(scope["headers"]), self.config.keys)
            if refusal:
                raise WorkerError(refusal)
        pool = self._pools.pool(function)
        if pool.bucket and (wait := pool.bucket.take()):
            raise WorkerError(rate_limited(wait))
        return pool

    async def _serve(
        self, served: RequestServed, scope: Scope, receive: Receive, send: Send
    ) -> RequestServed:
        trace = trace_of(scope)
        pool = self._admit(served.slug, scope)
        if trace:
            trace.verified = time.perf_counter()
        rate = self.functions[served.slug].manifest.rate_limit
        if self.shared_rate and rate and (wait := await self.shared_rate(served.slug, rate)):
            raise WorkerError(rate_limited(wait))
        request_id = served.request_id.encode()

        def add_headers(status: int, headers: list[Header], process: Process) -> None:
            headers[:] = [header for header in headers if header[0] not in _OUR_HEADERS]
            headers.append((_REQUEST_ID, request_id))
            headers.append((b"x-execution-id", process.execution_id.encode()))
            headers.append((b"x-served-by", b"edge-functions"))
            if status >= 500 and all(name != b"sb-error-code" for name, _ in headers):
                headers.append((b"sb-error-code", b"EDGE_FUNCTION_ERROR"))

        headers = forwarded_headers(scope, _NOT_FORWARDED, self.config.trusted_proxies)
        headers.append((_REQUEST_ID, request_id))
        request = _outgoing(scope, headers, pool.limits.body)
        forwarding = Forwarding(pool, add_headers, trace)
        status = await forwarding.run(request, receive, send)
        execution_id = forwarding.process.execution_id if forwarding.process else ""
        return replace(served, status=status, execution_id=execution_id, is_cold=forwarding.is_cold)


@dataclass(slots=True)
class _Response:
    """Forwards the response and records whether it has started."""

    forward: Send
    has_started: bool = False

    async def send(self, message: Message) -> None:
        self.has_started = True
        await self.forward(message)


def _slug(scope: Scope) -> str:
    return scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")[0]


def _outgoing(scope: Scope, headers: list[Header], body_limit: int | None) -> Outgoing:
    """Return the request as forwarded to the worker."""
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    return Outgoing(scope["method"], target, headers, body_limit)


async def _refuse(refusal: Refusal, request_id: str, send: Send) -> None:
    body = refusal.body()
    headers = [
        *refusal.headers(),
        (b"content-length", str(len(body)).encode()),
        (_REQUEST_ID, request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
