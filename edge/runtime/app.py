"""The functions as one ASGI app: finds the function, checks the token, forwards to its workers."""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from edge.events import Observer, RequestServed
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
from edge.runtime.launch.prctl import close_to_siblings
from edge.runtime.pool.pool import Pool
from edge.runtime.pool.pools import Environment, Roster
from edge.runtime.pool.process import Process
from edge.runtime.proxy.forward import Forwarding
from edge.runtime.proxy.upload import Header, Message, Outgoing, Receive, Send
from edge.runtime.verify_jwt import API_KEY_HEADER, check_request

_LOG: Final = logging.getLogger(__name__)
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_REQUEST_ID: Final = b"sb-request-id"
_OUR_HEADERS: Final = (_REQUEST_ID, b"x-execution-id", b"x-served-by")
_NOT_FORWARDED: Final = (API_KEY_HEADER, _REQUEST_ID)

# The seconds that a call of the function must wait, by its rate, counted over all instances.
SharedRate = Callable[[str, float], Awaitable[float]]


@dataclass(slots=True)
class FunctionsApp:
    """Serves the functions below config.root/functions at /<slug>[/rest/of/path]."""

    config: RuntimeConfig
    observe: Observer
    environment: Environment
    base_environment: Mapping[str, str]
    shared_rate: SharedRate | None = None
    received: int = field(default=0, init=False)
    handled: int = field(default=0, init=False)
    _roster: Roster = field(init=False)
    _is_closing: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._roster = Roster(self.config, self.observe, self.environment, self.base_environment)

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions that are served, by slug."""
        return self._roster.functions

    def start(self) -> None:
        """From the main thread, since the zygote dies with the thread that starts it."""
        close_to_siblings()
        self._roster.start()

    async def close(self) -> None:
        """Let requests finish, end everything; harmless when repeated.

        The gateway must still listen: what is under way may need the services behind it.
        """
        if not self._is_closing:
            self._is_closing = True
            await self._roster.close()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request whose path is /<slug>…, as the platform would."""
        started = time.perf_counter()
        self.received += 1
        served = RequestServed(
            slug=_slug(scope),
            execution_id="",
            request_id=str(uuid.uuid4()),
            method=scope["method"],
            path=scope["path"],
            status=0,
            duration_ms=0.0,
        )
        answer = _Answer(send)
        try:
            served = await self._serve(served, scope, receive, answer.send)
        except WorkerError as exc:
            served = replace(served, status=exc.refusal.status, code=exc.refusal.code)
            await _refuse(exc.refusal, served.request_id, send)
        except Exception:
            _LOG.exception("%s %s failed in the runtime", scope["method"], scope["path"])
            served = replace(served, status=INTERNAL_ERROR.status, code=INTERNAL_ERROR.code)
            if not answer.has_started:  # or else the server breaks the connection off
                await _refuse(INTERNAL_ERROR, served.request_id, send)
        finally:
            self.handled += 1
        self.observe(replace(served, duration_ms=(time.perf_counter() - started) * 1000))

    def admit_upgrade(self, scope: Message | None) -> tuple[Pool, Message]:
        """The pool that serves a WebSocket's upgrade, and the request as its worker gets it."""
        if scope is None:
            raise WorkerError(NOT_FOUND)
        pool = self._admit(_slug(scope), scope)
        headers = [header for header in scope["headers"] if header[0] not in _NOT_FORWARDED]
        return pool, {**scope, "headers": headers}

    def _admit(self, slug: str, scope: Message) -> Pool:
        """The pool that serves a request, or WorkerError with what to answer."""
        if self._is_closing:
            raise WorkerError(STOPPING)
        function = self.functions.get(slug)
        if function is None:
            raise WorkerError(NOT_FOUND)
        if scope["method"] not in _METHODS:
            raise WorkerError(METHOD_NOT_ALLOWED)
        is_checked = self.config.verify_jwt and function.manifest.verify_jwt
        if is_checked and scope["method"] != "OPTIONS":
            refusal = check_request(_joined(scope["headers"]), self.config.keys)
            if refusal:
                raise WorkerError(refusal)
        pool = self._roster.pool(function)
        if pool.bucket and (wait := pool.bucket.take()):
            raise WorkerError(rate_limited(wait))
        return pool

    async def _serve(
        self, served: RequestServed, scope: Message, receive: Receive, send: Send
    ) -> RequestServed:
        pool = self._admit(served.slug, scope)
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

        request = _outgoing(scope, request_id, pool.limits.body)
        forwarding = Forwarding(pool, add_headers)
        status = await forwarding.run(request, receive, send)
        execution_id = forwarding.process.execution_id if forwarding.process else ""
        return replace(served, status=status, execution_id=execution_id, is_cold=forwarding.is_cold)


@dataclass(slots=True)
class _Answer:
    """Knows whether the client has been told anything yet."""

    forward: Send
    has_started: bool = False

    async def send(self, message: Message) -> None:
        self.has_started = True
        await self.forward(message)


def _joined(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """Repeated headers as one, so that a check and a function cannot each mean another of them."""
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


def _slug(scope: Message) -> str:
    return scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")[0]


def _outgoing(scope: Message, request_id: bytes, body_limit: int | None) -> Outgoing:
    """The request as the worker gets it."""
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    headers = [header for header in scope["headers"] if header[0] not in _NOT_FORWARDED]
    headers.append((_REQUEST_ID, request_id))
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
