"""One request through a function's worker: given to it, relayed, and answered for if it fails."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Message, Receive, Send

from edge.runtime.errors import (
    RESOURCE_LIMIT,
    WORKER_ERROR,
    Refusal,
    WorkerError,
    body_too_large,
    idle_timeout,
)
from edge.runtime.pool.pool import Pool
from edge.runtime.pool.process import Process
from edge.runtime.proxy.connection import Connection, WorkerGoneError
from edge.runtime.proxy.request_body import RequestBody
from edge.runtime.proxy.upload import BodyTooLargeError, ClientGoneError, Outgoing
from edge.trace import Trace

CLIENT_GONE: Final = 499
_CONNECT_TRIES: Final = 3
_SETTLE: Final = 0.25


@dataclass(slots=True)
class Forwarding:
    """A request under way; `add_headers` completes the head of its answer."""

    pool: Pool
    add_headers: Callable[[int, list[tuple[bytes, bytes]], Process], None]
    trace: Trace | None = None
    process: Process | None = field(default=None, init=False)
    is_cold: bool = field(default=False, init=False)
    _has_started: bool = field(default=False, init=False)

    async def run(self, request: Outgoing, receive: Receive, send: Send) -> int:
        """Return the status that was answered; WorkerError when nothing has been answered yet."""
        self.is_cold = not self.pool.is_warm
        if request.is_too_large:
            raise WorkerError(body_too_large(request.body_limit or 0))
        try:
            async with asyncio.timeout(self.pool.limits.first_byte) as deadline:

                async def relay(message: Message) -> None:
                    if not self._has_started:
                        self._start(message)
                        deadline.reschedule(None)
                    await send(message)

                return await self._exchange(request, receive, relay)
        except ClientGoneError:
            return CLIENT_GONE
        except TimeoutError as exc:
            raise WorkerError(idle_timeout(self.pool.limits.first_byte)) from exc
        except BodyTooLargeError as exc:
            return self._refuse(body_too_large(request.body_limit or 0), exc)
        except WorkerGoneError as exc:
            return self._refuse(await self._explain(), exc)
        finally:
            if self.process:
                self.process.leave(has_answered=self._has_started)

    async def _exchange(self, request: Outgoing, receive: Receive, relay: Send) -> int:
        body = RequestBody(receive, self.pool.unfinished)
        try:
            await body.prepare(request)
            return await self._exchange_with_worker(request, body, relay)
        finally:
            body.end()

    async def _exchange_with_worker(self, request: Outgoing, body: RequestBody, relay: Send) -> int:
        while True:
            process, connection = await self._connect()
            try:
                return await connection.exchange(request, body.receive, relay)
            except WorkerGoneError:
                if not (connection.was_unread and body.rewind()):
                    raise
                self.process = None
                process.leave(has_answered=False)
            finally:
                process.release(connection)

    async def _connect(self) -> tuple[Process, Connection]:
        """Return a worker that takes the connection; nothing has been sent to one that does not."""
        for _ in range(_CONNECT_TRIES):
            self.process = process = await self.pool.acquire()
            try:
                connection = await process.connect()
            except OSError:
                self.pool.discard(process)
                self.process = None
                process.leave(has_answered=False)
                continue
            if self.trace:
                self.trace.admitted = time.perf_counter()
            return process, connection
        raise WorkerError(WORKER_ERROR)

    def _start(self, message: Message) -> None:
        assert self.process is not None
        self._has_started = True
        if self.trace:
            self.trace.answered = time.perf_counter()
        self.add_headers(message["status"], message["headers"], self.process)

    async def _explain(self) -> Refusal:
        """Return why the worker broke off: it was stopped by a limit, or it is broken."""
        assert self.process is not None
        if self.process.is_ending:  # or else it closed this one connection and serves on
            self.pool.discard(self.process)
            await self.process.settle(_SETTLE)
        return RESOURCE_LIMIT if self.process.was_stopped_by_limit else WORKER_ERROR

    def _refuse(self, refusal: Refusal, cause: Exception) -> int:
        if self._has_started:
            return refusal.status
        raise WorkerError(refusal) from cause
