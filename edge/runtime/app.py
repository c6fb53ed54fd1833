"""The functions as one ASGI app: finds the function, checks the token, forwards to its worker."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from edge.errors import EdgeError
from edge.events import BootFailure, Observer, RequestServed, SourceChanged
from edge.runtime.errors import (
    IDLE_TIMEOUT,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    WORKER_ERROR,
    Refusal,
    WorkerError,
)
from edge.runtime.manifest import TARGET, Function, discover
from edge.runtime.pool import Pool
from edge.runtime.process import BootError
from edge.runtime.spawner import Spawner, WorkerSpec
from edge.runtime.verify import API_KEY_HEADER, check_request
from edge.runtime.watch import watch
from edge.runtime.wire import (
    ClientGoneError,
    Connection,
    Message,
    Receive,
    Send,
    WorkerGoneError,
)
from edge.tokens import Keys

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_CLIENT_GONE: Final = 499


@dataclass(slots=True)
class FunctionsApp:
    """Serves the functions below `root`/functions at /<slug>[/rest/of/path].

    `environment` makes a worker's environment; `zygote_environment` must hold no secret.
    """

    root: Path
    keys: Keys
    observe: Observer
    environment: Callable[[Function], Mapping[str, str]]
    zygote_environment: Mapping[str, str]
    verify_jwt: bool = True
    functions: dict[str, Function] = field(default_factory=dict[str, Function], init=False)
    _pools: dict[str, Pool] = field(default_factory=dict[str, Pool], init=False)
    _spawner: Spawner = field(init=False)
    _sockets: Path = field(init=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1), init=False)
    _watching: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self, *, reload: bool = True) -> None:
        """Start the zygote and look for functions; from the main thread."""
        self._sockets = Path(tempfile.mkdtemp(prefix="edge-fn-"))
        self._spawner = Spawner(self.observe, self.zygote_environment)
        self._spawner.start()
        self.functions = discover(self.folder)
        if reload:
            self._watching = asyncio.create_task(self._follow_changes())

    @property
    def folder(self) -> Path:
        return self.root / "functions"

    async def close(self) -> None:
        """Let requests finish, end the workers and the zygote, remove the sockets."""
        if self._watching:
            self._watching.cancel()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        await self._spawner.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request whose path is /<slug>…, as the platform would."""
        started = time.perf_counter()
        slug = scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")[0]
        try:
            process_pool = self._admit(scope, slug)
            status = await self._forward(process_pool, scope, receive, send)
        except WorkerError as exc:
            status = exc.refusal.status
            await _refuse(exc.refusal, send)
        elapsed_ms = (time.perf_counter() - started) * 1000
        self.observe(
            RequestServed(slug, "", "", scope["method"], scope["path"], status, elapsed_ms)
        )

    def _admit(self, scope: Message, slug: str) -> Pool:
        function = self.functions.get(slug)
        if function is None:
            raise WorkerError(NOT_FOUND)
        if scope["method"] not in _METHODS:
            raise WorkerError(METHOD_NOT_ALLOWED)
        is_checked = self.verify_jwt and function.policy.verify_jwt and scope["method"] != "OPTIONS"
        if is_checked and (refusal := check_request(dict(scope["headers"]), self.keys)):
            raise WorkerError(refusal)
        return self._pool(function)

    async def _forward(self, pool: Pool, scope: Message, receive: Receive, send: Send) -> int:
        timeout = self.functions[pool.slug].policy.timeout
        has_started = False

        async def relay(message: Message) -> None:
            nonlocal has_started
            if not has_started:
                has_started = True
                deadline.reschedule(None)
            await send(message)

        process, connection = await pool.connect()
        try:
            async with asyncio.timeout(timeout) as deadline:
                return await _exchange(connection, scope, receive, relay)
        except ClientGoneError:
            return _CLIENT_GONE
        except WorkerGoneError as exc:
            pool.discard(process)
            if has_started:
                return WORKER_ERROR.status
            raise WorkerError(WORKER_ERROR) from exc
        except TimeoutError as exc:
            raise WorkerError(IDLE_TIMEOUT) from exc
        finally:
            process.release(connection)

    def _pool(self, function: Function) -> Pool:
        pool = self._pools.get(function.slug)
        if pool is None:
            pool = Pool(
                function.slug,
                self._spawner,
                self.observe,
                plan=lambda: self._plan(self.functions[function.slug]),
                next_address=lambda: self._sockets / str(next(self._numbers)),
            )
            self._pools[function.slug] = pool
        return pool

    def _plan(self, function: Function) -> WorkerSpec:
        if function.fault:
            raise BootError(function.fault)
        return WorkerSpec(str(function.source), TARGET, str(self.root), self.environment(function))

    async def _follow_changes(self) -> None:
        async for changes in watch(self.root):
            try:
                self.functions = discover(self.folder)
            except EdgeError as exc:
                self.observe(BootFailure("functions", "", str(exc)))
                continue
            for slug, files in changes.items():
                for changed in self.functions if slug is None else (slug,):
                    self._reload(changed, files)

    def _reload(self, slug: str, files: Iterable[str]) -> None:
        if pool := self._pools.get(slug):
            pool.reload()
            self.observe(SourceChanged(slug, tuple(files)))


async def _exchange(connection: Connection, scope: Message, receive: Receive, send: Send) -> int:
    headers = [header for header in scope["headers"] if header[0] != API_KEY_HEADER]
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    return await connection.exchange(scope["method"], target, headers, receive, send)


async def _refuse(refusal: Refusal, send: Send) -> None:
    body: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.status == 401:
        body["msg"] = refusal.message
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"sb-error-code", refusal.code.encode()),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-headers", b"authorization, x-client-info, apikey, content-type"),
        (b"access-control-expose-headers", b"sb-error-code"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})
