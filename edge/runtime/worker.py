"""A function's own process: production's app, served by uvicorn on an inherited unix socket."""

import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import functions_framework.aio
import uvicorn
from starlette.types import ASGIApp

BOOT_FAILED: Final = 3
_NEVER: Final = 1 << 30
_CACHE_RESOLUTION: Final = 2.0
load = cast("Callable[[str, str], ASGIApp]", functions_framework.aio.create_asgi_app)  # pyright: ignore[reportUnknownMemberType]


def run(spec: dict[str, Any], *, listener: int, status: int) -> NoReturn:
    """Load the function and serve it until told to stop.

    `spec` = {source, target, root, environment}. One JSON line goes to the `status` pipe:
    {"ready": true}, or {"error": traceback} and exit status 3, so that the pool can tell a function
    that cannot boot from one that died.
    """
    _enter(spec)
    try:
        app = load(spec["target"], spec["source"])
    except BaseException as exc:
        _report(status, error=_excerpt(exc))
        os._exit(BOOT_FAILED)
    _serve(app, socket.socket(fileno=listener), status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _enter(spec: dict[str, Any]) -> None:
    """Give the process this function's environment, folder and import path, and no other."""
    environ = os.environ  # noqa: TID251 - a worker's environment is made here
    environ.clear()
    environ.update(spec["environment"])
    os.chdir(os.path.dirname(spec["source"]))
    sys.argv = [spec["source"]]
    sys.path[:] = [spec["root"], *(p for p in sys.path if p not in ("", spec["root"]))]
    sys.dont_write_bytecode = _is_fresh(spec["source"], spec["root"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def _is_fresh(source: str, root: str) -> bool:
    """Whether a source was saved just now, so that its cached bytecode could outlive a next save.

    The cache tells versions apart by size and whole seconds only.
    """
    folders = (Path(source).parent, Path(root, "shared"))
    times = (file.stat().st_mtime for folder in folders for file in folder.rglob("*.py"))
    return max(times, default=0) > time.time() - _CACHE_RESOLUTION


def _serve(app: Any, listener: socket.socket, status: int) -> None:
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_NEVER,
        timeout_graceful_shutdown=15,
    )
    _Server(config, status).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, status: int) -> None:
        super().__init__(config)
        self._status = status

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _report(self._status, ready=True)


def _report(status: int, **message: Any) -> None:
    os.write(status, json.dumps(message).encode() + b"\n")
    os.close(status)


def _excerpt(error: BaseException) -> str:
    """The traceback without the loader's own frames, which help nobody."""
    frames = traceback.TracebackException.from_exception(error)
    frames.stack[:] = [
        frame
        for frame in frames.stack
        if "functions_framework" not in frame.filename
        and "<frozen importlib" not in frame.filename
        and frame.filename != __file__
    ]
    return "".join(frames.format()).rstrip()
