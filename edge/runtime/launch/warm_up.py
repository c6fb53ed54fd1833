"""Makes a zygote's memory cheap to share, and its forks quick: used once, before the first fork.

A page of the zygote is copied for a worker when either writes to it. Two things cause most of the
writes of a worker that has just started (measured over 20 functions, 20 % of their private memory):
code that runs for the first time, which the interpreter then specializes in place, and new objects
that are put into the gaps between the zygote's.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edge.runtime.worker.main import server_config
from edge.runtime.worker.response_guard import guard_response
from edge.runtime.worker.websocket import with_websocket

_REQUEST: Final = b"POST / HTTP/1.1\r\nhost: local\r\ncontent-length: 2\r\n\r\n{}"
_REPEATS: Final = 20  # the interpreter specializes a function after eight calls
_SECONDS: Final = 5.0
_POOL_MASK: Final = (1 << 14) - 1
_FIRST_IN_POOL: Final = 48
_SMALL_SIZES: Final = range(16, 513, 16)
_MOST_BYTES_PER_SIZE: Final = 1 << 17


def serve_once() -> None:
    """Serve a few requests in this process, on an event loop and a socket that are then closed.

    Where the system allows no such socket, or in more than 5 seconds, it is left out.
    """
    app = with_websocket(guard_response(Starlette(routes=[Route("/", _answer, methods=["POST"])])))
    config = server_config(app)
    with suppress(OSError, EOFError), socket.socket(socket.AF_UNIX) as listener:
        listener.bind("")  # the kernel chooses an abstract address
        listener.listen()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_exchange(uvicorn.Server(config), listener))


async def _answer(request: Request) -> JSONResponse:
    return JSONResponse(await request.json())


async def _exchange(server: uvicorn.Server, listener: socket.socket) -> None:
    async with asyncio.timeout(_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listener]))
        client = socket.socket(socket.AF_UNIX)
        client.connect(listener.getsockname())
        reader, writer = await asyncio.open_connection(sock=client)
        for _ in range(_REPEATS):
            writer.write(_REQUEST)
            await reader.readuntil(b"{}")
        writer.close()
        server.should_exit = True


def fill_gaps() -> list[Any]:
    """Fill the free blocks of the allocator's used pools; returns what must be kept alive.

    CPython puts small objects of one size into pools of 16 KiB. An object at a pool's first block
    shows that no used pool of its size had room left. With another allocator it stops at 4 MiB.
    """
    kept: list[Any] = []
    for size in _SMALL_SIZES:
        for _ in range(_MOST_BYTES_PER_SIZE // size):
            filler = _object_of(size)
            kept.append(filler)
            if id(filler) & _POOL_MASK == _FIRST_IN_POOL:
                break
    return kept


def _object_of(size: int) -> object:
    if size == 16:
        return object()
    if size == 32:
        return float(size)
    return bytes(size - 33)  # the header and the final zero of a bytes object take 33
