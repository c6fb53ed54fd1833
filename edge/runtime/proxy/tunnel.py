"""WebSocket upgrades for functions: checked like a request, then bytes both ways to a worker."""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.types import Scope

from edge.runtime.errors import WORKER_ERROR, Refusal, WorkerError, idle_timeout
from edge.runtime.pool.pool import Pool
from edge.runtime.pool.process import Process
from edge.runtime.proxy.upgrade import Pipe, UpgradedConnection, parse_upgrade, render_upgrade

_REQUEST_ID: Final = b"sb-request-id"
Admit = Callable[[Scope], tuple[Pool, Scope]]
"""Checks an upgrade request; the pool that serves it, and the request as a worker gets it."""


class Tunnel(UpgradedConnection):
    """What uvicorn switches to for an upgrade; `tunnel_factory` makes the class it wants."""

    admit: Admit

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        super().__init__()
        self.request_id = str(uuid.uuid4())

    def shutdown(self) -> None:
        """uvicorn asks its connections to end."""
        if self.pipe.transport:
            self.pipe.transport.close()

    async def open_other(self, data: bytes) -> None:
        patience: float | None = None
        try:
            pool, request = self.admit({**parse_upgrade(data), "client": self.address})
            patience = pool.limits.first_byte
            async with asyncio.timeout(patience):
                process = await pool.acquire(socket=True)
        except WorkerError as exc:
            self._refuse(exc.refusal)
        except TimeoutError:
            self._refuse(idle_timeout(patience))
        except ValueError:
            self._refuse(Refusal(400, "BAD_REQUEST", "Malformed upgrade request"))
        else:
            headers = [*request["headers"], (_REQUEST_ID, self.request_id.encode())]
            await self._join(process, render_upgrade({**request, "headers": headers}))

    async def _join(self, process: Process, request: bytes) -> None:
        # From here on `on_close` alone says that the request is over.
        worker = Pipe(on_close=partial(process.leave, socket=True))
        open_socket = asyncio.get_running_loop().create_unix_connection
        try:
            await self.join(
                worker, lambda: open_socket(lambda: worker, str(process.address)), request
            )
        except OSError:
            process.leave(socket=True)
            self._refuse(WORKER_ERROR)

    def _refuse(self, refusal: Refusal) -> None:
        request_id = (_REQUEST_ID, self.request_id.encode())
        headers = [*refusal.headers(), request_id]
        self.refuse(b"%d Refused" % refusal.status, headers, refusal.body())


def tunnel_factory(admit: Admit) -> type[Tunnel]:
    """Return a protocol class for uvicorn's `ws` setting."""
    return type("BoundTunnel", (Tunnel,), {"admit": staticmethod(admit)})
