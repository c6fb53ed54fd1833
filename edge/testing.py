"""Serve one function as production does, alone in a process, for a project's own tests.

    with serving(Path("functions/hello")) as function:
        reply = function.client.post("/", json={"name": "Ada"}, headers=function.anon())

Local models answer at the providers' URLs; there is no database, so calls to it answer 503.
"""

import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from edge.emulator.providers.app import create_app as create_providers_app
from edge.gateway.app import Gateway
from edge.gateway.server import Server
from edge.gateway.unavailable import NO_DATABASE
from edge.project.config_toml import STATE_FOLDER
from edge.project.environment import inherited_environment
from edge.project.manifest import TARGET, Function, discover
from edge.project.settings import Settings
from edge.project.worker_environment import build_worker_environment
from edge.tokens import mint

# The loader is the one of functions-framework's own command, which is what production runs.
_SERVE: Final = """
import os, sys, uvicorn
from functions_framework.aio import create_asgi_app
target, source, listener, loaded = sys.argv[1:]
app = create_asgi_app(target, source)
os.write(int(loaded), b"1")
os.close(int(loaded))
uvicorn.run(app, fd=int(listener), log_level="warning", access_log=False, lifespan="off")
"""
_BOOT_SECONDS: Final = 120.0  # a machine may stand still; a process that ends is noticed at once
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class ServedFunction:
    """A running function: a client for it, credentials that it accepts, and its output."""

    client: httpx.Client
    settings: Settings
    output: Path

    def anon(self) -> dict[str, str]:
        """Headers of a caller without a session: role `anon`."""
        return _headers(self.settings.publishable_key, self.settings.anon_key)

    def service(self) -> dict[str, str]:
        """Headers of a caller with the secret key: role `service_role`."""
        return _headers(self.settings.secret_key, self.settings.service_role_key)

    def user(self, user_id: str | None = None, **claims: Any) -> dict[str, str]:
        """Headers of a signed-in user, a new one unless named."""
        claims = {"sub": user_id or str(uuid4()), "aud": "authenticated", **claims}
        token = mint(self.settings.jwt_secret, "authenticated", **claims)
        return _headers(self.settings.publishable_key, token)

    def printed(self) -> str:
        """Return what it has printed and logged so far."""
        return self.output.read_text(errors="replace")

    def wait_for_line(self, text: str, deadline: float = 10.0) -> str:
        """Return the first line with `text` in it; for work that follows a response."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            for line in self.printed().splitlines():
                if text in line:
                    return line
            time.sleep(_POLL_SECONDS)
        raise AssertionError(
            f"no line with {text!r} in {deadline:g} s; its output:\n{self.printed()}"
        )


@dataclass(frozen=True, slots=True)
class FunctionProcess:
    """The process of one function, and its URL on the loopback interface."""

    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def serve_process(
    source: Path, environment: Mapping[str, str], output: Path, *, target: str = TARGET
) -> Generator[FunctionProcess]:
    """Serve a function's source file with the production loader until the block ends.

    `environment` is all that it sees; standard output and error go to the file `output`. Raises
    AssertionError with the output if the function does not load.
    """
    with _bound() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = _start((target, str(source)), environment, listener, output)
        try:
            yield FunctionProcess(process, url)
        finally:
            _end(process)


@contextmanager
def serving(folder: Path, *, secrets: Mapping[str, str] | None = None) -> Generator[ServedFunction]:
    """Run the function in `folder` until the block ends.

    It sees `secrets` as far as its function.toml names them, and nothing of functions/.env: a
    developer's real keys are not for tests.
    """
    folder = folder.resolve()
    function = _read(folder)
    with ExitStack() as exits:
        providers = exits.enter_context(_bound())
        exits.enter_context(_local_models(providers))
        settings = Settings(
            root=folder.parents[1],
            state_dir=folder.parents[1] / STATE_FOLDER,
            port=providers.getsockname()[1],
            secrets=dict(secrets or {}),
            inherited=inherited_environment(),
            env_file=Path(os.devnull),
        )
        output = Path(exits.enter_context(tempfile.TemporaryDirectory())) / "output"
        environment = {
            **build_worker_environment(settings, function),
            "PYTHONPATH": str(settings.root),
        }
        target = function.manifest.entry_point or TARGET
        served = exits.enter_context(
            serve_process(function.source, environment, output, target=target)
        )
        client = exits.enter_context(httpx.Client(base_url=served.url, timeout=60, trust_env=False))
        yield ServedFunction(client, settings, output)


def _read(folder: Path) -> Function:
    for function in discover(folder.parent).values():
        if function.folder == folder:
            if function.fault:
                raise AssertionError(function.fault)
            return function
    raise AssertionError(f"{folder} holds no function: a folder with a main.py")


def _headers(key: str, token: str) -> dict[str, str]:
    return {"apikey": key, "authorization": f"Bearer {token}"}


@contextmanager
def _bound() -> Generator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@contextmanager
def _local_models(listener: socket.socket) -> Generator[None]:
    app = Gateway(routes={"/providers": create_providers_app(), **NO_DATABASE}, tokens={})
    server = Server(app)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.end()
        thread.join()


def _start(
    function: tuple[str, str], environment: Mapping[str, str], listener: socket.socket, output: Path
) -> subprocess.Popen[bytes]:
    """Return the process once it has loaded the function; requests then wait until it serves."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as loaded:
        try:
            process = _spawn(function, environment, (listener.fileno(), writing), output)
        finally:
            os.close(writing)
        readable, _, _ = select.select([loaded], [], [], _BOOT_SECONDS)
        if readable and loaded.read(1):
            return process
    _end(process)
    raise AssertionError(f"the function does not start; its output:\n{output.read_text()}")


def _spawn(
    function: tuple[str, str],
    environment: Mapping[str, str],
    descriptors: tuple[int, int],
    output: Path,
) -> subprocess.Popen[bytes]:
    with output.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", _SERVE, *function, *map(str, descriptors)],
            cwd=Path(function[1]).parent,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            pass_fds=descriptors,
            stdout=log,
            stderr=log,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
