"""A function's own process: production's app, served by uvicorn on an inherited unix socket."""

import asyncio
import importlib
import inspect
import json
import logging
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import flask
import functions_framework
import uvicorn
from a2wsgi import WSGIMiddleware
from functions_framework import aio
from starlette.types import ASGIApp

from edge.gateway.coalescing import CoalescingHttpProtocol
from edge.operating_system import adopt_orphans, become_account, close_to_siblings
from edge.runtime.launch.prctl import die_with_parent
from edge.runtime.pool.control_channel import FD_VARIABLE
from edge.runtime.worker.entry_point import follow_entry_points
from edge.runtime.worker.fork_safety import keep_from_forks
from edge.runtime.worker.heartbeat import Heartbeat
from edge.runtime.worker.loaded_files import LoadedFiles, project_folders
from edge.runtime.worker.log_once import log_exceptions_once
from edge.runtime.worker.response_guard import guard_response
from edge.runtime.worker.stuck_threads import StuckThreads
from edge.runtime.worker.tracing import mark_calls, open_output, with_request_id
from edge.runtime.worker.unfinished import warn_of_unfinished
from edge.runtime.worker.websocket import with_websocket

BOOT_FAILED: Final = 3
BACKGROUND: Final = "background:"
"""How tasks and threads are named that outlive their request (shared/runtime/background.py)."""
_NEVER: Final = 1 << 30
_CACHE_RESOLUTION: Final = 2.0
_create_app = cast("Callable[[str, str], Any]", functions_framework.create_app)  # pyright: ignore[reportUnknownMemberType]
_create_asgi_app = cast("Callable[[str, str], ASGIApp]", aio.create_asgi_app)  # pyright: ignore[reportUnknownMemberType]
_create_asgi_app_from_module = cast("Callable[..., ASGIApp]", aio.create_asgi_app_from_module)  # pyright: ignore[reportUnknownMemberType]


def run(spec: dict[str, Any], *, listener: int, control: int, parent: int) -> NoReturn:
    """Load the function and serve it until SIGTERM.

    `spec` is a WorkerSpec. On the `control` line goes {"ready": true}, or {"error": traceback} and
    exit status 3, so that the pool can distinguish a function that cannot boot from one that died.
    """
    _enter(spec, control, parent)
    files = LoadedFiles(control, spec["source"], spec["root"])
    if spec["reports_files"]:
        files.start()
    follow_entry_points()
    log_exceptions_once()
    mark_calls(spec["environment"])
    try:
        app = load(spec["target"], spec["source"], spec["concurrency"])
    except BaseException as exc:
        files.report()
        _report(control, error=_excerpt(exc))
        os._exit(BOOT_FAILED)
    files.report()
    app = with_request_id(with_websocket(guard_response(app), spec["socket_idle_timeout"]))
    folders = project_folders(spec["source"], spec["root"])
    heartbeat = Heartbeat(control, StuckThreads(spec["concurrency"]))
    _serve(app, socket.socket(fileno=listener), control, heartbeat, folders)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def load(target: str, source: str, concurrency: int) -> ASGIApp:
    """Load the function's app, of whatever kind: functions-framework's own choice of server.

    Plain functions run in threads, `concurrency` at a time.
    What is decorated for ASGI or is a coroutine function is served as such, the rest by Flask.
    What shows at a glance that it is a coroutine function needs no Flask app made first, which
    costs a tenth of the start and two megabytes.
    """
    if re.search(rf"^async\s+def\s+{re.escape(target)}\b", Path(source).read_text(), re.MULTILINE):
        return _create_asgi_app(target, source)
    app = _create_app(target, source)
    if not isinstance(app, flask.Flask):
        return app
    module = sys.modules[Path(source).stem]
    if inspect.iscoroutinefunction(getattr(module, target)):
        return _create_asgi_app_from_module(target, source, None, module, None)
    return cast("ASGIApp", WSGIMiddleware(cast("Any", app.wsgi_app), workers=concurrency))


def _enter(spec: dict[str, Any], control: int, parent: int) -> None:
    """Give the process this function's environment, folder and import path, and no other."""
    environ = os.environ  # noqa: TID251 - a worker's environment is made here
    environ.clear()
    environ.update(spec["environment"])
    environ[FD_VARIABLE] = str(control)
    if spec["uid"] is not None:
        become_account(spec["uid"], spec["uid"])
    die_with_parent(parent)
    adopt_orphans()
    if spec["inspect_port"] is None:
        close_to_siblings()
    else:
        _wait_for_debugger(spec["inspect_port"])
    os.chdir(os.path.dirname(spec["source"]))
    sys.argv = [spec["source"]]
    sys.path[:] = [spec["root"], *(p for p in sys.path if p not in ("", spec["root"]))]
    sys.dont_write_bytecode = _is_fresh(spec["source"], spec["root"])
    sys.stdout = sys.__stdout__ = open_output(1)
    sys.stderr = sys.__stderr__ = open_output(2)


def _is_fresh(source: str, root: str) -> bool:
    """Whether a source was saved just now, so that its cached bytecode could outlive a next save.

    The cache distinguishes versions by size and whole seconds only.
    """
    folders = (Path(source).parent, Path(root, "shared"))
    times = (file.stat().st_mtime for folder in folders for file in folder.rglob("*.py"))
    return max(times, default=0) > time.time() - _CACHE_RESOLUTION


def _wait_for_debugger(port: int) -> None:
    debugpy: Any = importlib.import_module("debugpy")
    debugpy.listen(("127.0.0.1", port))
    sys.stdout.write(f"waiting for a debugger on 127.0.0.1:{port}\n")
    sys.stdout.flush()
    debugpy.wait_for_client()


def server_config(app: Any) -> uvicorn.Config:
    """Return uvicorn's settings in a worker: the parent's connections are trusted, kept alive."""
    return uvicorn.Config(
        app,
        http=CoalescingHttpProtocol,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="off",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        proxy_headers=True,  # the parent has checked them, see proxy/forwarded.py
        forwarded_allow_ips="*",
        server_header=False,
        date_header=False,
        timeout_keep_alive=_NEVER,
        timeout_graceful_shutdown=15,
    )


def _serve(
    app: Any,
    listener: socket.socket,
    control: int,
    heartbeat: Heartbeat,
    folders: tuple[str, ...],
) -> None:
    config = server_config(app)
    server = _Server(config, control, heartbeat)
    keep_from_forks(lambda: (listener.fileno(), control, *server.client_descriptors()))
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_live(server, listener, folders))


async def _live(server: "_Server", listener: socket.socket, folders: tuple[str, ...]) -> None:
    """Serve; after that, give the function's background work the time that the parent gives us."""
    await server.serve(sockets=[listener])
    open_tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(BACKGROUND)]
    await asyncio.gather(*open_tasks, return_exceptions=True)
    for thread in threading.enumerate():
        if thread.name.startswith(BACKGROUND):
            await asyncio.to_thread(thread.join)
    warn_of_unfinished(folders, BACKGROUND)


class _Server(uvicorn.Server):
    """A server that reports when it listens, and that its event loop turns."""

    def __init__(self, config: uvicorn.Config, control: int, heartbeat: Heartbeat) -> None:
        super().__init__(config)
        self._control = control
        self._heartbeat = heartbeat

    def client_descriptors(self) -> list[int]:
        """Of the connections that are open."""
        transports = [connection.transport for connection in self.server_state.connections]
        return [transport.get_extra_info("socket").fileno() for transport in transports]

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """SIGTERM means to finish, and no more: uvicorn would raise it again at the end."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _report(self._control, ready=True)

    async def on_tick(self, counter: int) -> bool:
        """Send a heartbeat as well."""
        state = self.server_state
        self._heartbeat.tick(counter, is_busy=bool(state.tasks), requests=state.total_requests)
        return await super().on_tick(counter)


def _report(control: int, **message: Any) -> None:
    os.write(control, json.dumps(message).encode() + b"\n")


def _excerpt(error: BaseException) -> str:
    """Return the traceback without the loader's frames."""
    frames = traceback.TracebackException.from_exception(error)
    frames.stack[:] = [
        frame
        for frame in frames.stack
        if "functions_framework" not in frame.filename
        and "<frozen importlib" not in frame.filename
        and frame.filename != __file__
    ]
    return "".join(frames.format()).rstrip()


def main() -> NoReturn:
    """`python -m edge.runtime.worker.main LISTENER CONTROL PARENT`, the spec on standard input."""
    listener, control, parent = map(int, sys.argv[1:4])
    run(json.load(sys.stdin), listener=listener, control=control, parent=parent)


if __name__ == "__main__":
    main()
