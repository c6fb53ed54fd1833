"""The functions as one ASGI app: finds the function, checks the token, forwards to its workers."""

import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.events import BootFailure, Observer, RequestServed, SourceChanged
from edge.runtime.bucket import Bucket
from edge.runtime.direct import DirectLauncher
from edge.runtime.errors import (
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    STOPPING,
    Refusal,
    WorkerError,
    rate_limited,
)
from edge.runtime.forward import Forwarding
from edge.runtime.guard import close_to_siblings
from edge.runtime.launcher import Launcher, WorkerSpec
from edge.runtime.lifecycle import State
from edge.runtime.limits import LimitsMode
from edge.runtime.manifest import TARGET, Function, discover
from edge.runtime.pool import Pool, Shape
from edge.runtime.process import BootError, Process
from edge.runtime.spawner import Spawner
from edge.runtime.usage import is_alive
from edge.runtime.verify import API_KEY_HEADER, check_request
from edge.runtime.watch import watch
from edge.runtime.wire import Header, Message, Outgoing, Receive, Send
from edge.tokens import Keys

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SUPERVISION_INTERVAL: Final = 0.1
_SOCKETS: Final = "edge-fn-"
_LOG: Final = logging.getLogger(__name__)
_FIRST_UID: Final = 200_000
_REQUEST_ID: Final = b"sb-request-id"
_NOT_FORWARDED: Final = (API_KEY_HEADER, _REQUEST_ID)


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """How functions are served. `only` names those that are; empty means all.

    `inspect` names a function whose worker waits for a debugger, its limits suspended.
    """

    root: Path
    keys: Keys
    verify_jwt: bool = True
    limits: LimitsMode = LimitsMode.LOCAL
    policy: str = "per_worker"
    only: tuple[str, ...] = ()
    reload: bool = True
    forks: bool = True
    isolates_users: bool = False
    inspect: str | None = None
    inspect_port: int = 8083

    @property
    def folder(self) -> Path:
        return self.root / "functions"


@dataclass(slots=True)
class FunctionsApp:
    """Serves the functions below config.root/functions at /<slug>[/rest/of/path].

    `environment` makes a worker's environment; `base_environment` must hold no secret.
    """

    config: RuntimeConfig
    observe: Observer
    environment: Callable[[Function], Mapping[str, str]]
    base_environment: Mapping[str, str]
    functions: dict[str, Function] = field(default_factory=dict[str, Function], init=False)
    _is_closing: bool = field(default=False, init=False)
    received: int = field(default=0, init=False)
    handled: int = field(default=0, init=False)
    _pools: dict[str, Pool] = field(default_factory=dict[str, Pool], init=False)
    _buckets: dict[str, Bucket] = field(default_factory=dict[str, Bucket], init=False)
    _launcher: Launcher | None = field(default=None, init=False)
    _sockets: Path = field(default=Path(), init=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1), init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]], init=False)

    def start(self) -> None:
        """Start the zygote and look for functions; from the main thread."""
        close_to_siblings()
        self._sockets = _make_socket_folder()
        if self.config.isolates_users:
            self._sockets.chmod(0o755)
        self.functions = self._discover()
        self._launcher = self._make_launcher()
        self._launcher.start()
        self._tasks.append(asyncio.create_task(self._supervise()))
        if self.config.reload:
            self._tasks.append(asyncio.create_task(self._follow_changes()))

    async def close(self) -> None:
        """Let requests finish, end the workers and the zygote, remove the sockets.

        The gateway must still listen: what is under way may need the services behind it.
        """
        if self._is_closing:
            return
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        if self._launcher:
            await self._launcher.close()
        if self._sockets.name:
            shutil.rmtree(self._sockets, ignore_errors=True)

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
        try:
            served = await self._serve(served, scope, receive, send)
        except WorkerError as exc:
            served = replace(served, status=exc.refusal.status, code=exc.refusal.code)
            await _refuse(exc.refusal, served.request_id, send)
        except Exception:
            _LOG.exception("%s %s failed in the runtime", scope["method"], scope["path"])
            served = replace(served, status=INTERNAL_ERROR.status, code=INTERNAL_ERROR.code)
            await _refuse(INTERNAL_ERROR, served.request_id, send)
        finally:
            self.handled += 1
        self.observe(replace(served, duration_ms=(time.perf_counter() - started) * 1000))

    def admit(self, slug: str, scope: Message) -> Pool:
        """The pool that serves a request, or WorkerError with what to answer."""
        if self._is_closing:
            raise WorkerError(STOPPING)
        function = self.functions.get(slug)
        if function is None:
            raise WorkerError(NOT_FOUND)
        if scope["method"] not in _METHODS:
            raise WorkerError(METHOD_NOT_ALLOWED)
        is_checked = self.config.verify_jwt and function.policy.verify_jwt
        if is_checked and scope["method"] != "OPTIONS":
            refusal = check_request(dict(scope["headers"]), self.config.keys)
            if refusal:
                raise WorkerError(refusal)
        pool = self._pool(function)
        bucket = self._buckets.get(slug)
        if bucket and (wait := bucket.take()):
            raise WorkerError(rate_limited(wait))
        return pool

    def admit_upgrade(self, scope: Message | None) -> tuple[Pool, Message]:
        """The pool that serves a WebSocket's upgrade, and the request as its worker gets it."""
        if scope is None:
            raise WorkerError(NOT_FOUND)
        pool = self.admit(_slug(scope), scope)
        headers = [header for header in scope["headers"] if header[0] not in _NOT_FORWARDED]
        return pool, {**scope, "headers": headers}

    def count_workers(self, state: State) -> int:
        """How many workers of all functions are in `state`."""
        return sum(pool.count(state) for pool in self._pools.values())

    async def _serve(
        self, served: RequestServed, scope: Message, receive: Receive, send: Send
    ) -> RequestServed:
        pool = self.admit(served.slug, scope)
        request_id = served.request_id.encode()

        def add_headers(status: int, headers: list[Header], process: Process) -> None:
            headers.append((_REQUEST_ID, request_id))
            headers.append((b"x-execution-id", process.execution_id.encode()))
            headers.append((b"x-served-by", b"edge-functions"))
            if status >= 500 and all(name != b"sb-error-code" for name, _ in headers):
                headers.append((b"sb-error-code", b"EDGE_FUNCTION_ERROR"))

        request = outgoing(scope, request_id, pool.limits.body)
        forwarding = Forwarding(pool, add_headers)
        status = await forwarding.run(request, receive, send)
        execution_id = forwarding.process.execution_id if forwarding.process else ""
        return replace(served, status=status, execution_id=execution_id, is_cold=forwarding.is_cold)

    def _make_launcher(self) -> Launcher:
        if self.config.forks and sys.platform.startswith("linux"):
            return Spawner(self.observe, self.base_environment)
        return DirectLauncher(self.base_environment)

    def _pool(self, function: Function) -> Pool:
        slug = function.slug
        if slug not in self._pools:
            assert self._launcher is not None, "start() comes first"
            is_inspected = self.config.inspect == slug
            mode = LimitsMode.OFF if is_inspected else self.config.limits
            limits = function.policy.limits(mode)
            if limits.rate:
                self._buckets[slug] = Bucket(limits.rate)
            self._pools[slug] = Pool(
                slug,
                self._shape(function),
                limits,
                self._launcher,
                self.observe,
                plan=lambda execution_id: self._plan(self.functions[slug], execution_id),
                next_address=lambda: self._sockets / str(next(self._numbers)),
            )
        return self._pools[slug]

    def _shape(self, function: Function) -> Shape:
        policy = function.policy
        is_oneshot = (policy.policy or self.config.policy) == "oneshot"
        max_workers = 1 if self.config.inspect == function.slug else policy.max_workers
        return Shape(max_workers, policy.concurrency, policy.idle_timeout, is_oneshot)

    def _plan(self, function: Function, execution_id: str) -> WorkerSpec:
        if function.fault:
            raise BootError(function.fault)
        is_inspected = self.config.inspect == function.slug
        try:
            environment = self.environment(function)
        except EdgeError as exc:
            raise BootError(str(exc)) from exc
        return WorkerSpec(
            source=str(function.source),
            target=TARGET,
            root=str(self.config.root),
            environment={**environment, "SB_EXECUTION_ID": execution_id},
            uid=self._uid(function.slug) if self.config.isolates_users else None,
            inspect_port=self.config.inspect_port if is_inspected else None,
        )

    def _uid(self, slug: str) -> int:
        """An account of its own for each function, the same as long as the stack lives."""
        return _FIRST_UID + sorted(self.functions).index(slug)

    def _discover(self) -> dict[str, Function]:
        found = discover(self.config.folder)
        only = self.config.only
        return {slug: function for slug, function in found.items() if not only or slug in only}

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(_SUPERVISION_INTERVAL)
            now = time.monotonic()
            for pool in self._pools.values():
                pool.supervise(now)

    async def _follow_changes(self) -> None:
        async for changes in watch(self.config.root):
            try:
                self.functions = self._discover()
            except EdgeError as exc:
                self.observe(BootFailure("functions", "", str(exc)))
                continue
            for slug, files in changes.items():
                for changed in tuple(self._pools) if slug is None else (slug,):
                    self._reload(changed, files)

    def _reload(self, slug: str, files: Iterable[str]) -> None:
        pool = self._pools.get(slug)
        if pool is None:
            return
        if function := self.functions.get(slug):
            mode = LimitsMode.OFF if self.config.inspect == slug else self.config.limits
            pool.limits, pool.shape = function.policy.limits(mode), self._shape(function)
            self._buckets.pop(slug, None)
            if pool.limits.rate:
                self._buckets[slug] = Bucket(pool.limits.rate)
        pool.reload()
        self.observe(SourceChanged(slug, tuple(files)))


def _make_socket_folder() -> Path:
    """A short path that names its owner; those of owners who were killed are removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SOCKETS}*"):
        pid = left.name.removeprefix(_SOCKETS).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_SOCKETS}{os.getpid()}-"))


def _slug(scope: Message) -> str:
    return scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")[0]


def outgoing(scope: Message, request_id: bytes, body_limit: int | None) -> Outgoing:
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
